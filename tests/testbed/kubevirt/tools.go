//go:build tools

// Package tools pins the KubeVirt servers the testbed runs.
package tools

import (
	_ "kubevirt.io/kubevirt/cmd/virt-api"
	_ "kubevirt.io/kubevirt/cmd/virt-controller"
)
