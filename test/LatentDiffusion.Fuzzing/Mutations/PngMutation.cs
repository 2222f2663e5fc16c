namespace LatentDiffusion.Fuzzing;

/// <summary>Damages a PNG file chunk by chunk, with valid checksums, or any of its bytes.</summary>
internal static class PngMutation
{
    /// <summary>Damages a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="others">Further chunks to insert: type and content.</param>
    public static byte[] Apply(byte[] file, Random random, params (string Type, byte[] Data)[] others)
    {
        if (random.Next(4) == 0) return ByteMutation.Apply(file, random);
        List<(byte[] Type, byte[] Data)> chunks = Chunks(file);
        for (int n = random.Next(1, 4); n > 0 && chunks.Count > 0; n--)
        {
            int at = random.Next(chunks.Count), to = random.Next(chunks.Count);
            switch (random.Next(6))
            {
                case 0 or 1: chunks[at] = (chunks[at].Type, ByteMutation.Apply(chunks[at].Data, random)); break;
                case 2: chunks.RemoveAt(at); break;
                case 3: chunks.Insert(to, chunks[at]); break;
                case 4 when others.Length > 0:
                    (string type, byte[] data) = others[random.Next(others.Length)];
                    byte[] content = random.Next(2) == 0 ? data : ByteMutation.Apply(data, random);
                    chunks.Insert(to, (System.Text.Encoding.ASCII.GetBytes(type), content));
                    break;
                default: (chunks[at], chunks[to]) = (chunks[to], chunks[at]); break;
            }
        }

        using var result = new MemoryStream();
        result.Write(PngChunk.Signature);
        foreach ((byte[] type, byte[] data) in chunks) new PngChunk(type, data).Write(result);
        return result.ToArray();
    }

    private static List<(byte[] Type, byte[] Data)> Chunks(byte[] file)
    {
        var chunks = new List<(byte[] Type, byte[] Data)>();
        for (int position = PngChunk.Signature.Length; position < file.Length;)
        {
            PngChunk chunk = PngChunk.Read(file.AsSpan(position));
            chunks.Add((chunk.Type.ToArray(), chunk.Data.ToArray()));
            position += chunk.Length;
        }

        return chunks;
    }
}
