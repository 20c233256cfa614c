// Command expfmt prints how many bytes a second Go's text parser reads of a file.
package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	page, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rounds, start := 0, time.Now()
	for time.Since(start) < 2*time.Second {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		if _, err := parser.TextToMetricFamilies(bytes.NewReader(page)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		rounds++
	}
	fmt.Println(float64(rounds*len(page)) / time.Since(start).Seconds())
}
