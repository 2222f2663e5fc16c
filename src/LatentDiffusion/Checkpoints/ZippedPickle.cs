namespace LatentDiffusion.Checkpoints;

/// <summary>The container of <c>torch.save</c> since PyTorch 1.6: a zip file with a pickle and one entry per storage.</summary>
internal static class ZippedPickle
{
    /// <summary>Maximum bytes of the pickle: a thousand times the size of Stable Diffusion's.</summary>
    private const int MaximumPickleLength = 1 << 24;

    private const string Description = "data.pkl", ByteOrder = "byteorder";

    /// <summary>First bytes of every zip file that has an entry.</summary>
    public static ReadOnlySpan<byte> Signature => "PK\u0003\u0004"u8;

    /// <summary>Reads the description.</summary>
    /// <exception cref="FormatException">The file is damaged or not such a checkpoint; the message says why.</exception>
    public static PickleContent Read(CheckpointFile file)
    {
        var zip = new StoredZip(file);
        string folder = FindFolder(zip);
        byte[] pickle = zip.ReadAll(folder + Description, MaximumPickleLength);
        var bytes = new PickleBytes(pickle);
        return new PickleContent(PickleMachine.Read(ref bytes), pickle.Length, Locate, key => zip.IsWhole(Storage(key)));

        (long Start, long Length) Locate(string key) => zip.Find(Storage(key))
            ?? throw new FormatException($"The storage data/{key} is not in the file.");

        string Storage(string key) => $"{folder}data/{key}";
    }

    /// <summary>Finds the folder of all entries. PyTorch names it after the file.</summary>
    private static string FindFolder(StoredZip zip)
    {
        string description = zip.Names
            .Where(name => name == Description || name.EndsWith($"/{Description}", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault() ?? throw new FormatException($"The zip file has no {Description}: it is not a PyTorch checkpoint.");
        string folder = description[..^Description.Length];
        return zip.Find(folder + ByteOrder) is null || zip.ReadAll(folder + ByteOrder, 16).AsSpan().SequenceEqual("little"u8)
            ? folder
            : throw new FormatException("The values are not little-endian.");
    }
}
