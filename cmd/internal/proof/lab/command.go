package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Command runs the command line against the daemon, reads its JSON into a value unless that is nil, and gives its exit
// code. Its complaints go to standard error.
func (l *Lab) Command(ctx context.Context, into any, args ...string) (int, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(l.Settings.Bin, "culvert"), args...)
	cmd.Env = append(os.Environ(), "CULVERT_SERVER="+l.Daemon.At.HTTP)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if into != nil {
		if err := json.Unmarshal(out.Bytes(), into); err != nil {
			return 0, fmt.Errorf("read answer of culvert %s: %w", args[0], err)
		}
	}
	return cmd.ProcessState.ExitCode(), nil
}
