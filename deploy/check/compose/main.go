// Loads a file of Docker Compose with the loader Compose itself uses: its schema, merges, interpolation and the references
// between services. Prints what it found.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: compose FILE [PROFILE…]")
		os.Exit(2)
	}
	if err := load(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func load(file string, profiles []string) error {
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithEnv([]string{"GATEWATCH_UID=1000"}),
		cli.WithProfiles(profiles),
		cli.WithConsistency(true),
	)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	names := project.ServiceNames()
	sort.Strings(names)
	fmt.Printf("%d services: %s\n", len(names), strings.Join(names, ", "))
	return nil
}
