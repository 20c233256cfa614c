//go:build tools

package main

// The modules that carry their CRDs as YAML files; build.sh finds the files
// in the module cache, and these imports keep the versions in go.mod.
import (
	_ "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	_ "github.com/kubernetes-csi/external-snapshotter/client/v4/apis/volumesnapshot/v1"
)
