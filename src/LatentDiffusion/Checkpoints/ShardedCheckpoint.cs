using System.Text.Json;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Several files as one, by an index (<c>*.index.json</c>) that names the file of each tensor. Index and files must agree
/// exactly. The files must be in the folder of the index. A link there may lead only to the blobs of the Hugging Face cache
/// that contains it. Safe for concurrent reads.
/// </summary>
internal sealed class ShardedCheckpoint : ITensorSource
{
    private readonly Dictionary<string, ITensorSource> _shards = [];
    private readonly Dictionary<string, ITensorSource> _tensors = [];

    private ShardedCheckpoint(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; private set; } = [];

    /// <summary>Opens an index and the files that it names.</summary>
    /// <param name="path">Path of the index.</param>
    /// <exception cref="CheckpointException">The index or a file is damaged, or they do not agree; the message says why.</exception>
    /// <exception cref="IOException">A file cannot be opened.</exception>
    public static ShardedCheckpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var checkpoint = new ShardedCheckpoint(path);
        try
        {
            checkpoint.OpenShards();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out ITensorSource? shard) ? shard.Find(name) : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        this.Require(name, destination);
        _tensors[name].ReadInto(name, destination);
    }

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        this.Require(name);
        _tensors[name].ReadRows(name, ranges, destination);
    }

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name) => _tensors.TryGetValue(name, out ITensorSource? shard) ? shard.FindRows(name) : null;

    /// <summary>Closes the files. Tensors read from them remain valid.</summary>
    public void Dispose()
    {
        foreach (ITensorSource shard in _shards.Values) shard.Dispose();
    }

    private void OpenShards()
    {
        Dictionary<string, string> map = ReadIndex(Path);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        foreach (string name in map.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string file = System.IO.Path.Combine(folder, name);
            if (!IsFileName(name) || !File.Exists(file))
                throw new CheckpointException(Path, $"it names the file '{name}', which is not a checkpoint in its folder.");
            FolderPath.Check(folder, new FileInfo(file));
            _shards.Add(name, Checkpoint.OpenStored(file));
        }

        string[] missing = [.. map.Where(m => _shards[m.Value].Find(m.Key) is null).Select(m => m.Key)];
        string[] unexpected =
        [
            .. from shard in _shards
               from entry in shard.Value.Entries
               where map.GetValueOrDefault(entry.Name) != shard.Key
               select $"{entry.Name} in {shard.Key}",
        ];
        if (missing.Length + unexpected.Length > 0) throw new CheckpointException(Path, missing, unexpected, []);
        foreach ((string tensor, string shard) in map) _tensors.Add(tensor, _shards[shard]);
        Entries = [.. _shards.Values.SelectMany(s => s.Entries)];
    }

    /// <summary>Whether a name is that of a file in the same folder, and not of another index, which could be the index itself.</summary>
    private static bool IsFileName(string name) =>
        name is not ("" or "." or "..")
        && !name.Contains('\\')
        && name == System.IO.Path.GetFileName(name)
        && !name.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            JsonElement root = PublishedJson.Parse(PublishedJson.ReadText(path));
            return root.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? "");
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CheckpointException(path, $"it is not an index with a weight_map of file names by tensor: {e.Message}", e);
        }
    }
}
