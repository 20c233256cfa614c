#include "kube/base64.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace virtlens::kube {
namespace {

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(EncodeBase64(plain), coded);
    EXPECT_EQ(DecodeBase64(coded), plain);
  }
  EXPECT_EQ(DecodeBase64("Zm9v\n  YmFy\n"), "foobar");
}

TEST(Base64, ReadsWhatItWrites) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random.Below(40), '\0');
    for (char& c : bytes) c = static_cast<char>(random.Below(256));
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
  }
}

TEST(Base64, RefusesTheRest) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Z=g=", "Zm9*", "====", "Zm9vZ==="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace virtlens::kube
