using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies a 64-bit little-endian ELF library and marks one required symbol version weak (VER_FLG_WEAK in vna_flags of
/// .gnu.version_r), but only where no relocation needs a symbol of that version.
/// </summary>
public class WeakenVersionRequirement : Task
{
    private const uint SectionTypeRela = 4, SectionTypeDynamicSymbols = 11, SectionTypeVersionNeed = 0x6ffffffe,
        SectionTypeVersionSymbols = 0x6fffffff;
    private const ushort WeakFlag = 2;

    [Required]
    public string Source { get; set; }

    [Required]
    public string Destination { get; set; }

    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Source);
        Weaken(elf);
        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        // Written next to the target and renamed, so that an interrupted build leaves no half-written library. The target's
        // folder names its content: if a concurrent build was faster, its file is the same one.
        string temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, elf);
        try
        {
            File.Move(temporary, Destination);
        }
        catch (IOException) when (File.Exists(Destination))
        {
            File.Delete(temporary);
        }

        return !Log.HasLoggedErrors;
    }

    private void Weaken(byte[] elf)
    {
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' || elf[3] != 'F' || elf[4] != 2 || elf[5] != 1)
        {
            Log.LogWarning("{0} is not a 64-bit little-endian ELF library; it is used unchanged.", Source);
            return;
        }

        List<Section> sections = ReadSections(elf);
        Section needs = sections.Find(s => s.Type == SectionTypeVersionNeed);
        if (needs == null) return;
        Section names = sections[(int)needs.Link];

        for (long need = needs.Offset, left = needs.Info; left > 0; left--)
        {
            ushort count = BitConverter.ToUInt16(elf, (int)need + 2);
            long entry = need + BitConverter.ToUInt32(elf, (int)need + 8);
            for (int i = 0; i < count; i++)
            {
                if (ReadName(elf, names.Offset + BitConverter.ToUInt32(elf, (int)entry + 8)) == Version)
                {
                    ushort index = (ushort)(BitConverter.ToUInt16(elf, (int)entry + 6) & 0x7fff);
                    if (IsRelocated(elf, sections, index))
                        Log.LogWarning("{0} uses symbols of {1}; it is used unchanged and may not load on this system.", Source, Version);
                    else
                        elf[entry + 4] |= (byte)WeakFlag;
                }

                entry += BitConverter.ToUInt32(elf, (int)entry + 12);
            }

            uint next = BitConverter.ToUInt32(elf, (int)need + 12);
            if (next == 0) return;
            need += next;
        }
    }

    private static bool IsRelocated(byte[] elf, List<Section> sections, ushort versionIndex)
    {
        Section versions = sections.Find(s => s.Type == SectionTypeVersionSymbols);
        Section symbols = sections.Find(s => s.Type == SectionTypeDynamicSymbols);
        if (versions == null || symbols == null) return true;
        foreach (Section relocations in sections.FindAll(s => s.Type == SectionTypeRela))
        {
            for (long at = relocations.Offset; at + 24 <= relocations.Offset + relocations.Size; at += 24)
            {
                uint symbol = BitConverter.ToUInt32(elf, (int)at + 12);
                if ((BitConverter.ToUInt16(elf, (int)(versions.Offset + 2L * symbol)) & 0x7fff) == versionIndex && symbol != 0) return true;
            }
        }

        return false;
    }

    private static List<Section> ReadSections(byte[] elf)
    {
        long table = BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        var sections = new List<Section>(count);
        for (int i = 0; i < count; i++)
        {
            int at = (int)table + i * size;
            sections.Add(new Section
            {
                Type = BitConverter.ToUInt32(elf, at + 4),
                Offset = BitConverter.ToInt64(elf, at + 0x18),
                Size = BitConverter.ToInt64(elf, at + 0x20),
                Link = BitConverter.ToUInt32(elf, at + 0x28),
                Info = BitConverter.ToUInt32(elf, at + 0x2c),
            });
        }

        return sections;
    }

    private static string ReadName(byte[] elf, long offset)
    {
        int end = Array.IndexOf(elf, (byte)0, (int)offset);
        return Encoding.ASCII.GetString(elf, (int)offset, end - (int)offset);
    }

    private sealed class Section
    {
        public uint Type;
        public long Offset;
        public long Size;
        public uint Link;
        public uint Info;
    }
}
