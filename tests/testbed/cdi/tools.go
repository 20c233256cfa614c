//go:build tools

// Package tools pins the CDI controller the testbed runs.
package tools

import _ "kubevirt.io/containerized-data-importer/cmd/cdi-controller"
