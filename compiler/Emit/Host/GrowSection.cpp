// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Nothing in memory lies behind the section, so no address changes: its length does, that of its segment, and the places
// in the file of what comes after it.
#include "compiler/Emit/Host/GrowSection.h"

#include "llvm/Object/ELF.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;

/// As linkers make them for x86-64 and AArch64.
using File = object::ELFFile<object::ELF64LE>;

std::string weft::emit::lastSectionScript(StringRef section) {
  return ("SECTIONS { " + section + " : { KEEP(*(" + section + ")) } } INSERT AFTER .bss;\n").str();
}

namespace {

Error cannotGrow(StringRef section, const Twine &why) {
  return createStringError("the linker made a file in which `" + section + "` cannot grow: " + why);
}

Expected<const File::Elf_Shdr *> findSection(const File &file, StringRef name) {
  auto sections = file.sections();
  if (!sections)
    return sections.takeError();
  for (const File::Elf_Shdr &section : *sections) {
    Expected<StringRef> its = file.getSectionName(section);
    if (!its)
      return its.takeError();
    if (*its == name)
      return &section;
  }
  return cannotGrow(name, "there is none");
}

/// The segment that ends with the section. Everything else in memory lies below.
Expected<const File::Elf_Phdr *> findSegment(const File &file, const File::Elf_Shdr &section, StringRef name) {
  auto segments = file.program_headers();
  if (!segments)
    return segments.takeError();
  uint64_t end = section.sh_addr + section.sh_size;
  const File::Elf_Phdr *found = nullptr;
  for (const File::Elf_Phdr &segment : *segments) {
    if (segment.p_type != ELF::PT_LOAD)
      continue;
    if (segment.p_vaddr + segment.p_memsz > end)
      return cannotGrow(name, "it is not the last in memory");
    if (segment.p_vaddr + segment.p_memsz == end && segment.p_offset + segment.p_filesz == section.sh_offset + section.sh_size)
      found = &segment;
  }
  if (!found)
    return cannotGrow(name, "no segment ends with it");
  return found;
}

/// A header in bytes that are ours to change.
template <typename Header> Header &writable(const Header &header) { return const_cast<Header &>(header); }

Expected<std::string> readAll(const FilePart &part) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(part.descriptor, status))
    return createStringError(error, "cannot write `" + part.path + "`: " + error.message());
  std::string bytes(status.getSize(), '\0');
  Error error = part.read(0, bytes.data(), bytes.size());
  return error ? Expected<std::string>(std::move(error)) : bytes;
}

/// Everything that begins at `end` or behind it begins `more` later.
void moveTail(const File &file, ArrayRef<File::Elf_Shdr> sections, uint64_t end, uint64_t more) {
  for (const File::Elf_Shdr &section : sections)
    if (section.sh_offset >= end)
      writable(section).sh_offset += more;
  if (file.getHeader().e_shoff >= end)
    writable(file.getHeader()).e_shoff += more;
}

Error write(const FilePart &part, StringRef bytes, uint64_t end, uint64_t more) {
  std::string zeros(bytes.size() - end, '\0');
  if (Error error = part.takeSpace(bytes.size() + more))
    return error;
  if (Error error = part.write(0, bytes.data(), end))
    return error;
  if (Error error = part.write(end, zeros.data(), zeros.size()))
    return error;
  return part.write(end + more, bytes.data() + end, bytes.size() - end);
}

} // namespace

Expected<FilePart> weft::emit::growSection(const FilePart &part, StringRef name, uint64_t bytes) {
  constexpr uint64_t tailAlignment = 64;
  Expected<std::string> image = readAll(part);
  if (!image)
    return image.takeError();
  Expected<File> file = File::create(*image);
  if (!file)
    return file.takeError();
  auto section = findSection(*file, name);
  if (!section)
    return section.takeError();
  auto segment = findSegment(*file, **section, name);
  if (!segment)
    return segment.takeError();
  uint64_t begin = (*section)->sh_offset, end = begin + (*section)->sh_size;
  uint64_t longer = bytes - (*section)->sh_size, more = alignTo(longer, tailAlignment);
  moveTail(*file, cantFail(file->sections()), end, more);
  writable(**section).sh_size += longer;
  writable(**segment).p_filesz += longer;
  writable(**segment).p_memsz += longer;
  if (Error error = write(part, *image, end, more))
    return error;
  return FilePart{part.path, part.descriptor, part.begin + begin};
}
