using System.Text;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Writes safetensors files of types that the library only reads.</summary>
internal static class RawSafetensors
{
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="texts">The metadata in JSON; null for none.</param>
    public static void Write(
        string path, IReadOnlyList<(string Name, long[] Shape, string Type, byte[] Bytes)> tensors, string? texts = null)
    {
        int position = 0;
        string header = string.Join(',', tensors.Select(t =>
        {
            int start = position;
            position += t.Bytes.Length;
            return $$"""
                "{{t.Name}}":{"dtype":"{{t.Type}}","shape":[{{string.Join(',', t.Shape)}}],"data_offsets":[{{start}},{{position}}]}
                """;
        }));
        string metadata = texts is null ? "" : $"\"__metadata__\":{texts},";
        byte[] json = Encoding.UTF8.GetBytes($"{{{metadata}{header}}}");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. tensors.SelectMany(t => t.Bytes)]);
    }
}
