package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/workers"
)

// exportFormat is the version of the file.
const exportFormat = 1

// line is one line of an export: the header first, then records in the order of the journal and claims, then the end.
type line struct {
	Header *exportHeader        `json:"header,omitempty"`
	Record *httpapi.MovedRecord `json:"record,omitempty"`
	Claim  *workers.Claimed     `json:"claim,omitempty"`
	End    *exportEnd           `json:"end,omitempty"`
}

type exportHeader struct {
	Format  int       `json:"format"`
	Release string    `json:"release"`
	At      time.Time `json:"at"`
	// Live exports were made while the engine acted.
	Live bool `json:"live,omitempty"`
}

// exportEnd shows that nothing is missing: what there was, and the SHA-256 of every byte before this line.
type exportEnd struct {
	Records int    `json:"records"`
	Claims  int    `json:"claims"`
	SHA256  string `json:"sha256"`
}

func (c *cli) export() *cobra.Command {
	var live bool
	cmd := &cobra.Command{
		Use: "export FILE", Short: "Export connections, journals and claims to a file, for another backend",
		Args: cobra.ExactArgs(1),
		Long: "The engine has to be paused (culvert pause). export waits until it is quiescent. --live exports\n" +
			"while the engine runs, for inspection only: two backends that both continue from there would\n" +
			"act against each other.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("write export: %w", err)
			}
			end, err := c.writeExport(cmd.Context(), f, live)
			if err = errors.Join(err, f.Close()); err != nil {
				return errors.Join(fmt.Errorf("write export: %w", err), os.Remove(args[0]))
			}
			return c.print(end, func() {
				fmt.Fprintf(c.out, "%d records and %d claims exported to %s\n", end.Records, end.Claims, args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "export although the engine is not paused")
	return cmd
}

// exportFile writes lines and sums them up.
type exportFile struct {
	w   io.Writer
	sum hash.Hash
	end exportEnd
}

func (f *exportFile) write(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	f.sum.Write(b)
	_, err = f.w.Write(b)
	return err
}

func (c *cli) writeExport(ctx context.Context, to io.Writer, live bool) (exportEnd, error) {
	buffered := bufio.NewWriter(to)
	f := &exportFile{w: buffered, sum: sha256.New()}
	info, err := c.api().Info(ctx)
	if err != nil {
		return f.end, err
	}
	if err := c.awaitQuiet(ctx, live); err != nil {
		return f.end, err
	}
	if err := f.write(line{Header: &exportHeader{Format: exportFormat, Release: info.Version, At: time.Now().UTC(),
		Live: live}}); err != nil {
		return f.end, err
	}
	for r, err := range c.api().ExportRecords(ctx, live) {
		if err != nil {
			return f.end, err
		}
		f.end.Records++
		if err := f.write(line{Record: &r}); err != nil {
			return f.end, err
		}
	}
	claims, err := c.api().Claims(ctx, "")
	if err != nil {
		return f.end, err
	}
	for _, claim := range claims {
		if workers.BackendsOwn(claim.Resource) {
			continue
		}
		f.end.Claims++
		if err := f.write(line{Claim: &claim}); err != nil {
			return f.end, err
		}
	}
	f.end.SHA256 = hex.EncodeToString(f.sum.Sum(nil))
	if err := f.write(line{End: &f.end}); err != nil {
		return f.end, err
	}
	return f.end, buffered.Flush()
}

// awaitQuiet asks for a first page until the server gives one: a held engine becomes quiet within a minute.
func (c *cli) awaitQuiet(ctx context.Context, live bool) error {
	for told := false; ; {
		var last error
		for _, err := range c.api().ExportRecords(ctx, live) {
			last = err
			break
		}
		var p *httpapi.Problem
		if !errors.As(last, &p) || p.Code() != events.ProblemInFlight {
			return last
		}
		if !told {
			fmt.Fprintln(c.errs, p.Detail)
			told = true
		}
		if err := pause.For(ctx, time.Second); err != nil {
			return err
		}
	}
}

func (c *cli) importInto() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Import an export into a backend whose engine is paused", Args: cobra.ExactArgs(1),
		Long: "The daemon has to be paused (culvertd --paused). After an interruption run the import again: it " +
			"passes over the records\n" +
			"that it has already brought. The engine stays paused: compare culvert list, then culvert resume.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("read export: %w", err)
			}
			defer f.Close()
			end, err := verifyExport(f)
			if err != nil {
				return fmt.Errorf("read export %s: %w", args[0], err)
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return fmt.Errorf("read export: %w", err)
			}
			if err := c.sendImport(cmd.Context(), f); err != nil {
				return err
			}
			return c.print(end, func() {
				fmt.Fprintf(c.out, "%d records and %d claims imported; the engine is paused until culvert resume\n",
					end.Records, end.Claims)
			})
		},
	}
}

// lines reads an export line by line; raw has the line's bytes with its end.
func lines(from io.Reader, take func(l line, raw []byte) error) error {
	r := bufio.NewReaderSize(from, 1<<20)
	for n := 1; ; n++ {
		raw, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(raw) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := take(l, raw); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// verifyExport reads a whole file before any of it is sent: it has a beginning and an end, and every byte between.
func verifyExport(from io.Reader) (exportEnd, error) {
	sum, is, header := sha256.New(), exportEnd{}, false
	var end *exportEnd
	err := lines(from, func(l line, raw []byte) error {
		switch {
		case end != nil:
			return errors.New("trailing data after the end")
		case l.Header != nil:
			if header = true; l.Header.Format != exportFormat {
				return fmt.Errorf("format %d is not supported: this release reads format %d", l.Header.Format,
					exportFormat)
			}
		case l.Record != nil:
			is.Records++
		case l.Claim != nil:
			is.Claims++
		case l.End != nil:
			is.SHA256 = hex.EncodeToString(sum.Sum(nil))
			end = l.End
			return nil
		}
		sum.Write(raw)
		return nil
	})
	switch {
	case err != nil:
		return is, err
	case !header || end == nil:
		return is, errors.New("not an export, or its end is missing")
	case *end != is:
		return is, fmt.Errorf("the file was changed: it has %+v and should have %+v", is, *end)
	}
	return is, nil
}

// importPart is how many bytes of records are sent at once.
const importPart = 1 << 20

func (c *cli) sendImport(ctx context.Context, from io.Reader) error {
	var part httpapi.ImportOrder
	size := 0
	send := func() error {
		if len(part.Records)+len(part.Claims) == 0 {
			return nil
		}
		err := c.api().Import(ctx, part)
		part, size = httpapi.ImportOrder{}, 0
		return err
	}
	err := lines(from, func(l line, raw []byte) error {
		if l.Record != nil {
			part.Records = append(part.Records, *l.Record)
		}
		if l.Claim != nil {
			part.Claims = append(part.Claims, *l.Claim)
		}
		if size += len(raw); size >= importPart {
			return send()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}
