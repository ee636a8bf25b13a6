package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events/pause"
)

// The size of the disk: the broker reserves half of it for intents and dead letters.
const (
	diskBytes    = 1 << 30
	diskEpisodes = 10
)

// fulldisk: the embedded backend on a small disk of its own. While a campaign runs a ballast fills the disk, to the
// last byte or until new work is refused, and is taken away again. Nothing that was acknowledged is lost, and work goes
// on by itself.
func fulldisk(ctx context.Context, s lab.Settings) (err error) {
	s = s.Filled(600, diskEpisodes)
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	disk := filepath.Join(l.Dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", diskBytes)); err != nil {
		return fmt.Errorf("a small disk cannot be mounted, which takes root: %w", err)
	}
	l.Ends = append(l.Ends, func() error { return syscall.Unmount(disk, 0) })
	if err := l.StartWorld(ctx); err != nil {
		return err
	}
	args := []string{"--data", filepath.Join(disk, "data"), "--world", l.World, "--sim-speed", fmt.Sprint(s.Speed)}
	if l.Daemon, err = l.Start(ctx, "daemon", args...); err != nil {
		return err
	}
	c := campaign.New(l, "disk")
	c.Start(ctx)
	b := &ballast{file: filepath.Join(disk, "ballast"), l: l, t: &proof.Table{Header: "what figure detail"}}
	blows, err := c.Throw(ctx, s.Faults, b.episode)
	if err != nil {
		return errors.Join(err, b.t.Print())
	}
	rest := &proof.Table{}
	if err := c.Judge(ctx, rest, blows, s.Faults); err != nil {
		return err
	}
	for _, r := range rest.Rows {
		b.t.Rows = append(b.t.Rows, append(r[:len(r)-1:len(r)-1], "", r[len(r)-1]))
	}
	b.t.Misses = append(b.t.Misses, rest.Misses...)
	return b.t.Print()
}

// ballast fills the disk.
type ballast struct {
	file string
	l    *lab.Lab
	t    *proof.Table
}

// left are the bytes that an episode leaves free: none, or so few that only running work may go on.
func left(k int) int64 { return []int64{0, 4096, 1 << 20, 0, 64 << 10}[k%5] }

// episode fills the disk, asks for new work meanwhile, and makes room again.
func (b *ballast) episode(ctx context.Context, k int) (string, error) {
	if err := b.fill(left(k)); err != nil {
		return "", err
	}
	refused := b.refusal(ctx, k)
	if err := pause.For(ctx, 3*time.Second); err != nil {
		return "", err
	}
	if err := os.Remove(b.file); err != nil {
		return "", err
	}
	free := time.Now()
	accepted, err := b.accepted(ctx, k)
	b.t.Row(errors.Join(err, proof.Need(refused != "", "new work was accepted on a full disk")),
		fmt.Sprintf("episode %d: %d bytes left, new work again after", k+1, left(k)),
		accepted.Sub(free).Round(10*time.Millisecond), refused)
	return "disk filled and emptied", nil
}

// fill takes space, piece by piece, until so many bytes are free. The broker writes meanwhile: a piece that does not
// fit is tried smaller, and what is taken stays taken.
func (b *ballast) fill(leave int64) error {
	f, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer f.Close()
	const page = 4096
	at := int64(0)
	for piece := int64(64 << 20); piece >= page; {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(b.file, &fs); err != nil {
			return err
		}
		n := min(piece, int64(fs.Bavail)*int64(fs.Bsize)-leave) / page * page
		if n <= 0 {
			return nil
		}
		switch err := syscall.Fallocate(int(f.Fd()), 0, at, n); {
		case errors.Is(err, syscall.ENOSPC):
			piece /= 2
		case err != nil:
			return err
		default:
			at += n
		}
	}
	return nil
}

// probe is an intent that is refused for what it asks, once it is let in at all: it tells whether intents are accepted.
func (b *ballast) probe(k int) []byte {
	return campaign.Order("probe", 3000+3*k).Event()
}

// refusal offers new work while the disk is full, and gives what is said.
func (b *ballast) refusal(ctx context.Context, k int) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		_, err := b.l.Submit(ctx, b.probe(k))
		if err != nil {
			return strings.ReplaceAll(fmt.Sprintf("%.110s", err), "\n", " ")
		}
		_ = pause.For(ctx, 200*time.Millisecond) // the gauge is a second old at most
	}
	return ""
}

// accepted offers new work until it is taken, and gives when; it is withdrawn again.
func (b *ballast) accepted(ctx context.Context, k int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		if id, err := b.l.Submit(ctx, b.probe(k)); err == nil {
			at := time.Now()
			if _, err := b.l.Wait(ctx, id); err != nil {
				return at, err
			}
			_, err = b.l.Run(ctx, lab.Withdraw(campaign.Order("probe", 3000+3*k).Name))
			return at, err
		} else if ctx.Err() != nil {
			return time.Now(), err
		}
		if err := pause.For(ctx, 50*time.Millisecond); err != nil {
			return time.Now(), err
		}
	}
}
