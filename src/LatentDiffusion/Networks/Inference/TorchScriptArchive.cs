using System.IO.Compression;
using System.Text;

namespace LatentDiffusion.Networks;

/// <summary>
/// A TorchScript module made in memory: the archive that <c>torch.jit.load</c> reads, a zip file of stored entries. Its
/// source may call libtorch's internal operators, which source given to <c>torch.jit.compile</c> may not.
/// </summary>
internal static class TorchScriptArchive
{
    private const string Folder = "module", Class = "Module";

    // Protocol 2: an object of the class with the two attributes that every module has.
    private static readonly byte[] s_object =
    [
        0x80, 2, .. Ascii($"c__torch__\n{Class}\n"), (byte)'q', 0, (byte)')', 0x81, (byte)'}', (byte)'(',
        .. Text("training"), (byte)'q', 1, 0x89, .. Text("_is_full_backward_hook"), (byte)'q', 2, (byte)'N',
        (byte)'u', (byte)'b', (byte)'q', 3, (byte)'.',
    ];

    private static readonly byte[] s_noConstants = [0x80, 2, (byte)')', (byte)'.'];

    /// <summary>Makes an archive.</summary>
    /// <param name="methods">Methods of the class <c>__torch__.Module</c> in TorchScript's serialised form, indented by two spaces.</param>
    public static byte[] Create(string methods)
    {
        string source =
            $"""
            class {Class}(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              _is_full_backward_hook : NoneType
            {methods}

            """;
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "data.pkl", s_object);
            Add(zip, "code/__torch__.py", Encoding.UTF8.GetBytes(source.ReplaceLineEndings("\n")));
            Add(zip, "constants.pkl", s_noConstants);
            Add(zip, "version", Ascii("10\n"));
        }

        return bytes.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using Stream entry = zip.CreateEntry($"{Folder}/{name}", CompressionLevel.NoCompression).Open();
        entry.Write(content);
    }

    private static byte[] Text(string text) => [(byte)'X', (byte)text.Length, 0, 0, 0, .. Ascii(text)];

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
