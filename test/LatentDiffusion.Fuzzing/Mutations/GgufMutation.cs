namespace LatentDiffusion.Fuzzing;

/// <summary>Damages a GGUF file: numbers of its header, types of values and tensors, or any bytes.</summary>
internal static class GgufMutation
{
    /// <summary>Beginning of the file that holds most of the header of a small file.</summary>
    private const int Header = 1400;

    /// <summary>Damages a file.</summary>
    public static byte[] Apply(byte[] file, Random random)
    {
        if (random.Next(3) == 0) return ByteMutation.Apply(file, random);
        int header = Math.Min(Header, file.Length);
        byte[] damaged = ByteMutation.Apply(file[..header], random);
        // Types, counts and dimensions are small numbers.
        if (random.Next(2) == 0 && damaged.Length > 8) damaged[random.Next(8, damaged.Length)] = (byte)random.Next(40);
        return [.. damaged, .. file.AsSpan(header)];
    }
}
