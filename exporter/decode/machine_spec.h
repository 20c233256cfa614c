// VirtualMachineInstanceSpec, which stands in a VirtualMachine's template and in an instance.
//
// Fields come in any order, and some rows join two lists (volumes with disks, interfaces with
// networks), so parts are collected and joined by Finish().
//
// Thread contract: as of json::Node; the visit must not have ended when Finish() is called.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// domain.cpu and status.currentCPUTopology.
struct CpuTopology {
  double cores = 0, sockets = 0, threads = 0;
  void Read(json::Node& topology);
  // 0 when nothing was said; a part that was not said counts 1.
  double Cpus() const;
};

class MachineSpecParts {
 public:
  void ReadSpec(json::Node& spec);
  // Of the template's or the instance's metadata.
  void ReadAnnotation(json::Node& annotation);
  MachineSpec Finish() &&;

 private:
  // domain.devices.disks[] or .filesystems[]
  struct Device {
    std::string_view name;
    DiskDevice device;
    DiskBus bus;
    int boot_order = 0;
  };
  struct Network {
    std::string_view name;
    std::string_view network;
  };
  struct Amount {
    double cpu = 0, memory = 0;
  };

  void ReadDomain(json::Node& domain);
  void ReadDevices(json::Node& devices);
  static void ReadDisk(json::Node& item, Device& disk);
  static void ReadInterface(json::Node& item, Interface& to);
  static void ReadNetwork(json::Node& item, Network& network);
  static void ReadVolume(json::Node& item, Disk& to);
  static void ReadAmount(json::Node& list, Amount& amount);
  void JoinDisks();
  void JoinInterfaces();

  MachineSpec spec_;
  CpuTopology cpu_;
  double guest_memory_ = 0;
  Amount requests_, limits_;
  std::vector<Device> disks_, filesystems_;
  std::vector<Network> networks_;
};

}  // namespace virtlens::exporter
