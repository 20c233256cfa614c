#include "tests/bench/component_page.h"

#include <iostream>

int main() {
  std::cout << virtlens::exporter::ComponentPage() << std::flush;
  return std::cout ? 0 : 1;
}
