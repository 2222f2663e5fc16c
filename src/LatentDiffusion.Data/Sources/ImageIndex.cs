using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Data;

/// <summary>
/// Facts about images, keyed by name, length and modification time, so that each image is decoded once. Optionally stored in a
/// JSON Lines file. Safe for concurrent use.
/// </summary>
internal sealed class ImageIndex
{
    // The file is rewritten when it has grown by a quarter: the total cost is then a few times that of the last write.
    private const int SmallestGrowth = 256, GrowthPart = 4;

    private readonly string? _path;
    private readonly string _identity;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _unsaved, _decoded;

    /// <summary>Opens an index; a file of another identity, or that cannot be read, counts as empty.</summary>
    /// <param name="path">File to load and save; null to keep facts in memory only.</param>
    /// <param name="identity">Describes how images are decoded.</param>
    public ImageIndex(string? path, string identity)
    {
        (_path, _identity) = (path, identity);
        if (path is null || !File.Exists(path)) return;
        using var lines = new StringReader(Encoding.UTF8.GetString(RegularFile.Read(path)));
        if (Parse(lines.ReadLine(), DataJson.Default.Header)?.Identity != identity) return;
        while (lines.ReadLine() is { } line)
            if (Parse(line, DataJson.Default.Entry) is { Name: not null, Facts: not null } entry) Put(entry);
    }

    /// <summary>Number of images in the index.</summary>
    public int Count => _entries.Count;

    /// <summary>Number of images in the index that were decoded.</summary>
    public int DecodedCount => _decoded;

    /// <summary>The facts about an image whose file is unchanged; otherwise null.</summary>
    public ImageFacts? Find(string name, FileStamp stamp) =>
        _entries.TryGetValue(name, out Entry? entry) && entry.Length == stamp.Length && entry.Modified == stamp.Modified
            ? entry.Facts
            : null;

    /// <summary>Adds the facts about an image.</summary>
    public void Add(string name, FileStamp stamp, ImageFacts facts)
    {
        Put(new Entry(name, stamp.Length, stamp.Modified, facts));
        if (Interlocked.Increment(ref _unsaved) >= Math.Max(SmallestGrowth, _entries.Count / GrowthPart)) Save();
    }

    /// <summary>Writes unsaved facts to the file.</summary>
    public void Save()
    {
        if (_path is null) return;
        lock (_gate)
        {
            if (Interlocked.Exchange(ref _unsaved, 0) == 0) return;
            AtomicFile.Write(_path, stream =>
            {
                JsonSerializer.Serialize(stream, new Header(_identity), DataJson.Default.Header);
                foreach (Entry entry in _entries.Values.OrderBy(e => e.Name, StringComparer.Ordinal))
                {
                    stream.WriteByte((byte)'\n');
                    JsonSerializer.Serialize(stream, entry, DataJson.Default.Entry);
                }
            });
        }
    }

    private void Put(Entry entry)
    {
        bool wasDecoded = false;
        _entries.AddOrUpdate(entry.Name, entry, (_, before) =>
        {
            wasDecoded = before.Facts.IsDecoded;
            return entry;
        });
        Interlocked.Add(ref _decoded, (entry.Facts.IsDecoded ? 1 : 0) - (wasDecoded ? 1 : 0));
    }

    private static T? Parse<T>(string? line, JsonTypeInfo<T> contract) where T : class
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize(line, contract);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal sealed record Header(string Identity);

    internal sealed record Entry(string Name, long Length, long Modified, ImageFacts Facts);
}
