// Command expfmt prints how many bytes Go's text parser reads of a file in a second of processor time.
package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// processorSeconds of this process, garbage collection included.
func processorSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func main() {
	page, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rounds, start := 0, processorSeconds()
	for processorSeconds()-start < 2 {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		if _, err := parser.TextToMetricFamilies(bytes.NewReader(page)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		rounds++
	}
	fmt.Println(float64(rounds*len(page)) / (processorSeconds() - start))
}
