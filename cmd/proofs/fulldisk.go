package main

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
)

// The size of the disk: the broker reserves half of it for intents and dead letters.
const (
	diskBytes    = 1 << 30
	diskEpisodes = 10
)

// fulldisk: the embedded home on a small disk of its own. While a campaign runs a ballast fills the disk, to the last byte
// or until new work is refused, and is taken away again. Nothing that was acknowledged is lost, and work goes on by itself.
func fulldisk(ctx context.Context, s settings) (err error) {
	s = s.filled(600, diskEpisodes)
	l, err := newLab(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	disk := filepath.Join(l.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", diskBytes)); err != nil {
		return fmt.Errorf("a small disk cannot be mounted, which takes root: %w", err)
	}
	l.ends = append(l.ends, func() error { return syscall.Unmount(disk, 0) })
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	args := []string{"--data", filepath.Join(disk, "data"), "--world", l.world, "--sim-speed", fmt.Sprint(s.speed)}
	if l.daemon, err = l.start(ctx, "daemon", args...); err != nil {
		return err
	}
	c := newCampaign(l, "disk")
	c.start(ctx)
	b := &ballast{file: filepath.Join(disk, "ballast"), l: l, t: &table{header: "what figure detail"}}
	blows, err := c.throw(ctx, s.faults, b.episode)
	if err != nil {
		return errors.Join(err, b.t.print())
	}
	rest := &table{}
	if err := c.judge(ctx, rest, blows, s.faults); err != nil {
		return err
	}
	for _, r := range rest.rows {
		b.t.rows = append(b.t.rows, append(r[:len(r)-1:len(r)-1], "", r[len(r)-1]))
	}
	b.t.misses = append(b.t.misses, rest.misses...)
	return b.t.print()
}

// ballast fills the disk.
type ballast struct {
	file string
	l    *lab
	t    *table
}

// left are the bytes that an episode leaves free: none, or so few that only running work may go on.
func left(k int) int64 { return []int64{0, 4096, 1 << 20, 0, 64 << 10}[k%5] }

// episode fills the disk, asks for new work meanwhile, and makes room again.
func (b *ballast) episode(ctx context.Context, k int) (string, error) {
	if err := b.fill(left(k)); err != nil {
		return "", err
	}
	refused := b.refusal(ctx, k)
	if err := proof.Pause(ctx, 3*time.Second); err != nil {
		return "", err
	}
	if err := os.Remove(b.file); err != nil {
		return "", err
	}
	free := time.Now()
	accepted, err := b.accepted(ctx, k)
	b.t.row(errors.Join(err, need(refused != "", "new work was accepted on a full disk")),
		fmt.Sprintf("episode %d: %d bytes left, new work again after", k+1, left(k)), accepted.Sub(free).Round(10*time.Millisecond), refused)
	return "disk filled and emptied", nil
}

// fill takes space, piece by piece, until so many bytes are free. The broker writes meanwhile: a piece that does not fit is
// tried smaller, and what is taken stays taken.
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

// probe is an intent that is refused for what it asks, once it is let in at all: it tells whether the door is open.
func (b *ballast) probe(k int) []byte {
	return campaignOrder("probe", 3000+3*k).event()
}

// refusal offers new work while the disk is full, and gives what is said.
func (b *ballast) refusal(ctx context.Context, k int) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		_, err := b.l.submit(ctx, b.probe(k))
		if err != nil {
			return strings.ReplaceAll(fmt.Sprintf("%.110s", err), "\n", " ")
		}
		_ = proof.Pause(ctx, 200*time.Millisecond) // the gauge is a second old at most
	}
	return ""
}

// accepted offers new work until it is taken, and gives when; it is withdrawn again.
func (b *ballast) accepted(ctx context.Context, k int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		if id, err := b.l.submit(ctx, b.probe(k)); err == nil {
			at := time.Now()
			if _, err := b.l.wait(ctx, id); err != nil {
				return at, err
			}
			_, err = b.l.run(ctx, withdraw(campaignOrder("probe", 3000+3*k).name))
			return at, err
		} else if ctx.Err() != nil {
			return time.Now(), err
		}
		if err := proof.Pause(ctx, 50*time.Millisecond); err != nil {
			return time.Now(), err
		}
	}
}
