// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The file: header, padding, blob, then names, symbols and section headers behind it.
#include "compiler/Emit/Host/ElfData.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <vector>

using namespace llvm::ELF;
using namespace weft::emit;

namespace {

/// Strings one behind the other, each ended by NUL, beginning with the empty one.
struct Strings {
  std::string bytes = std::string(1, '\0');
  uint32_t add(const std::string &text) {
    uint32_t offset = bytes.size();
    bytes += text + '\0';
    return offset;
  }
};

enum Section { Null, Blob, Stack, SymbolNames, Symbols, SectionNames, SectionCount };

/// What lies behind the blob, with offsets from its end rounded up to 8.
struct Tail {
  Strings symbolNames, sectionNames;
  uint32_t symbolName, names[SectionCount];
  uint64_t symbolsAt, symbolNamesAt, sectionNamesAt, headersAt, bytes;

  explicit Tail(const ElfData &data) {
    symbolName = symbolNames.add(data.symbol);
    names[Null] = 0;
    names[Blob] = sectionNames.add(data.section);
    names[Stack] = sectionNames.add(".note.GNU-stack");
    names[SymbolNames] = sectionNames.add(".strtab");
    names[Symbols] = sectionNames.add(".symtab");
    names[SectionNames] = sectionNames.add(".shstrtab");
    symbolsAt = 0;
    symbolNamesAt = symbolsAt + 2 * sizeof(Elf64_Sym);
    sectionNamesAt = symbolNamesAt + symbolNames.bytes.size();
    headersAt = llvm::alignTo(sectionNamesAt + sectionNames.bytes.size(), 8);
    bytes = headersAt + SectionCount * sizeof(Elf64_Shdr);
  }
};

uint64_t tailOffset(const ElfData &data) { return llvm::alignTo(data.blobOffset() + data.bytes, 8); }

Elf64_Ehdr fileHeader(const ElfData &data, const Tail &tail) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = data.machine;
  header.e_version = EV_CURRENT;
  header.e_shoff = tailOffset(data) + tail.headersAt;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = SectionCount;
  header.e_shstrndx = SectionNames;
  return header;
}

std::vector<Elf64_Shdr> sectionHeaders(const ElfData &data, const Tail &tail) {
  std::vector<Elf64_Shdr> headers(SectionCount);
  uint64_t base = tailOffset(data);
  auto set = [&](Section section, uint32_t type, uint64_t offset, uint64_t bytes, uint64_t alignment) {
    Elf64_Shdr &header = headers[section];
    header.sh_name = tail.names[section];
    header.sh_type = type;
    header.sh_offset = offset;
    header.sh_size = bytes;
    header.sh_addralign = alignment;
  };
  set(Blob, SHT_PROGBITS, data.blobOffset(), data.bytes, data.alignment);
  headers[Blob].sh_flags = SHF_ALLOC;
  set(Stack, SHT_PROGBITS, base, 0, 1); // says that the stack need not be executable
  set(Symbols, SHT_SYMTAB, base + tail.symbolsAt, 2 * sizeof(Elf64_Sym), 8);
  headers[Symbols].sh_link = SymbolNames;
  headers[Symbols].sh_info = 1; // the first global symbol
  headers[Symbols].sh_entsize = sizeof(Elf64_Sym);
  set(SymbolNames, SHT_STRTAB, base + tail.symbolNamesAt, tail.symbolNames.bytes.size(), 1);
  set(SectionNames, SHT_STRTAB, base + tail.sectionNamesAt, tail.sectionNames.bytes.size(), 1);
  return headers;
}

} // namespace

uint64_t ElfData::blobOffset() const { return llvm::alignTo(sizeof(Elf64_Ehdr), alignment); }
uint64_t ElfData::fileBytes() const { return tailOffset(*this) + Tail(*this).bytes; }

void ElfData::writeFrame(unsigned char *file) const {
  Tail tail(*this);
  Elf64_Ehdr header = fileHeader(*this, tail);
  memcpy(file, &header, sizeof header);
  Elf64_Sym sym = {};
  sym.st_name = tail.symbolName;
  sym.setBindingAndType(STB_GLOBAL, STT_OBJECT);
  sym.st_other = STV_HIDDEN;
  sym.st_shndx = Blob;
  sym.st_size = bytes;
  unsigned char *at = file + tailOffset(*this);
  memcpy(at + tail.symbolsAt + sizeof sym, &sym, sizeof sym);
  memcpy(at + tail.symbolNamesAt, tail.symbolNames.bytes.data(), tail.symbolNames.bytes.size());
  memcpy(at + tail.sectionNamesAt, tail.sectionNames.bytes.data(), tail.sectionNames.bytes.size());
  std::vector<Elf64_Shdr> headers = sectionHeaders(*this, tail);
  memcpy(at + tail.headersAt, headers.data(), headers.size() * sizeof(Elf64_Shdr));
}
