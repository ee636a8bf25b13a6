package plans

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// demoSpeed is a speed at which a person can follow: a connector's two and a half minutes take some seconds.
const demoSpeed = 60

// demo shows the main job to a newcomer with the same command line that he will use.
func demo(ctx context.Context, s lab.Settings) error {
	l, err := lab.Alone(ctx, s, demoSpeed)
	if err != nil {
		return err
	}
	err = demoRun(ctx, l)
	return errors.Join(err, l.Close())
}

func demoRun(ctx context.Context, l *lab.Lab) error {
	say := func(format string, args ...any) { fmt.Printf("\n── "+format+"\n\n", args...) }
	say("A daemon with a simulated world runs at %s. An intent asks for a private path to a function:",
		l.Daemon.At.HTTP)
	if err := cli(ctx, l, 0, "submit", "examples/private-service.yaml", "--wait"); err != nil {
		return err
	}
	say("New objects in the world, and the /32 in the remote site's own BGP table:")
	if err := cli(ctx, l, 0, "sim", "resources"); err != nil {
		return err
	}
	route, err := siteRoute(ctx, l)
	if err != nil {
		return err
	}
	fmt.Printf("\nremote site-1 has learned %s\n", route)
	say("A second one, whose filter the cloud will refuse: " +
		"everything already done is undone, and read back to be gone.")
	if err := l.Fault(ctx, control.Fault{Vendor: "gcp", Call: "networkFirewallPolicies.addRule", Mode: "refuse",
		Times: 1}); err != nil {
		return err
	}
	before, err := l.Resources(ctx)
	if err != nil {
		return err
	}
	if err := cli(ctx, l, 3, "submit", "examples/private-service-refused.yaml", "--wait"); err != nil {
		return err
	}
	after, err := l.Resources(ctx)
	if err != nil {
		return err
	}
	if err := proof.Need(len(after) == len(before), "the refused intent left %d differences",
		len(after)-len(before)); err != nil {
		return err
	}
	fmt.Printf("\nthe world has exactly the %d differences it had before\n", len(after))
	say("The cause is gone (the cloud refused once); replay it:")
	name, err := connectionIn("examples/private-service-refused.yaml")
	if err != nil {
		return err
	}
	if err := cli(ctx, l, 0, "replay", name, "--reason", "the filter is allowed now", "--wait"); err != nil {
		return err
	}
	say("Withdraw both:")
	first, err := connectionIn("examples/private-service.yaml")
	if err != nil {
		return err
	}
	if err := withdrawn(ctx, l, name, first); err != nil {
		return err
	}
	return tellTheEnd(say)
}

// withdrawn withdraws connections, after which the world is as it was.
func withdrawn(ctx context.Context, l *lab.Lab, names ...string) error {
	for _, n := range names {
		if err := cli(ctx, l, 0, "withdraw", n, "--wait"); err != nil {
			return err
		}
	}
	return l.Clean(ctx)
}

// tellTheEnd says where a newcomer goes next.
func tellTheEnd(say func(format string, args ...any)) error {
	say("The world is as it was: sim resources is []. Where to go next:")
	fmt.Print("  make run            the daemon, to play with: " +
		"bin/culvert submit examples/private-service.yaml --wait\n" +
		"  bin/culvert --help  every command; bin/culvert explain private-service draws the graph\n" +
		"  ARCHITECTURE.md     how it works, and what is guaranteed\n")
	return nil
}

// cli runs the command line in front of the reader's eyes, and expects an exit code.
func cli(ctx context.Context, l *lab.Lab, want int, args ...string) error {
	fmt.Println("$ culvert", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, filepath.Join(l.Settings.Bin, "culvert"), args...)
	cmd.Env = append(os.Environ(), "CULVERT_SERVER="+l.Daemon.At.HTTP)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	return proof.Need(cmd.ProcessState.ExitCode() == want, "culvert %s ended with %d, not %d", args[0],
		cmd.ProcessState.ExitCode(), want)
}

// siteRoute is a /32 that the remote site has learned.
func siteRoute(ctx context.Context, l *lab.Lab) (string, error) {
	left, err := l.Resources(ctx)
	if err != nil {
		return "", err
	}
	for _, d := range left {
		if d.Vendor == "bgp" && strings.HasSuffix(d.Name, "/32") {
			return d.Name, nil
		}
	}
	return "", fmt.Errorf("the remote site has learned no /32: %+v", left)
}

// connectionIn reads the subject of an example.
func connectionIn(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if rest, is := strings.CutPrefix(line, "subject:"); is {
			name, _, _ := strings.Cut(rest, "#")
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("%s has no subject", file)
}
