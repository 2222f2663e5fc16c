namespace LatentDiffusion.Samples;

/// <summary>
/// The index of a run's images, in the run's folder. A run that already has its data may still refuse other images, and then nothing
/// of it changes: until <see cref="Keep"/> such a run works on a copy elsewhere.
/// </summary>
internal sealed class RunImageIndex : IDisposable
{
    // Written by RunFolder.RequireData.
    private const string DataFile = "data.txt", IndexFile = "images.jsonl";

    private readonly string _final;

    /// <param name="folder">Folder of the run, which exists.</param>
    public RunImageIndex(string folder)
    {
        Path = _final = System.IO.Path.Combine(folder, IndexFile);
        if (!File.Exists(System.IO.Path.Combine(folder, DataFile))) return;
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());
        if (File.Exists(_final)) File.Copy(_final, Path);
    }

    /// <summary>The file to give as <c>StoredImagesOptions.IndexPath</c>.</summary>
    public string Path { get; }

    /// <summary>Puts the index into the run's folder: the images are the run's.</summary>
    public void Keep()
    {
        if (Path == _final || !File.Exists(Path)) return;
        byte[] index = File.ReadAllBytes(Path);
        if (!File.Exists(_final) || !index.AsSpan().SequenceEqual(File.ReadAllBytes(_final))) Replace(index);
    }

    /// <summary>Removes the copy.</summary>
    public void Dispose()
    {
        if (Path != _final) File.Delete(Path);
    }

    private void Replace(byte[] index)
    {
        string unfinished = _final + ".tmp";
        File.WriteAllBytes(unfinished, index);
        File.Move(unfinished, _final, overwrite: true);
    }
}
