using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Data;

/// <summary>
/// What is known of images, by name, length and modification time, so that each is decoded once. Kept in a file of JSON lines
/// where one is given. Safe for concurrent use.
/// </summary>
internal sealed class ImageIndex
{
    // The file is written again when it would grow by a quarter: all writing together costs a few times the last.
    private const int SmallestGrowth = 256, GrowthPart = 4;

    private readonly string? _path;
    private readonly string _identity;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _unsaved;

    /// <summary>Opens an index; a file of another identity, or that cannot be read, counts as empty.</summary>
    /// <param name="path">Its file; null for none.</param>
    /// <param name="identity">How images are decoded.</param>
    public ImageIndex(string? path, string identity)
    {
        (_path, _identity) = (path, identity);
        if (path is null || !File.Exists(path)) return;
        using var lines = new StringReader(Encoding.UTF8.GetString(RegularFile.Read(path)));
        if (Parse<Header>(lines.ReadLine())?.Identity != identity) return;
        while (lines.ReadLine() is { } line)
            if (Parse<Entry>(line) is { Name: not null, Facts: not null } entry) _entries[entry.Name] = entry;
    }

    /// <summary>Number of images that something is known of.</summary>
    public int Count => _entries.Count;

    /// <summary>What is known of an image whose file is as it was.</summary>
    public ImageFacts? Find(string name, FileStamp stamp) =>
        _entries.TryGetValue(name, out Entry? entry) && entry.Length == stamp.Length && entry.Modified == stamp.Modified ? entry.Facts : null;

    /// <summary>Keeps what is known of an image.</summary>
    public void Add(string name, FileStamp stamp, ImageFacts facts)
    {
        _entries[name] = new Entry(name, stamp.Length, stamp.Modified, facts);
        if (Interlocked.Increment(ref _unsaved) >= Math.Max(SmallestGrowth, _entries.Count / GrowthPart)) Save();
    }

    /// <summary>Writes what is not written yet.</summary>
    public void Save()
    {
        if (_path is null) return;
        lock (_gate)
        {
            if (Interlocked.Exchange(ref _unsaved, 0) == 0) return;
            AtomicFile.Write(_path, stream =>
            {
                JsonSerializer.Serialize(stream, new Header(_identity));
                foreach (Entry entry in _entries.Values.OrderBy(e => e.Name, StringComparer.Ordinal))
                {
                    stream.WriteByte((byte)'\n');
                    JsonSerializer.Serialize(stream, entry);
                }
            });
        }
    }

    private static T? Parse<T>(string? line) where T : class
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize<T>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Header(string Identity);

    private sealed record Entry(string Name, long Length, long Modified, ImageFacts Facts);
}
