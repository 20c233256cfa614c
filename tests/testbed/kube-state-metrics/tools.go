//go:build tools

// Package tools pins kube-state-metrics, which must be able to read the simulator.
package tools

import _ "k8s.io/kube-state-metrics/v2"
