using System.Text.Json;

namespace LatentDiffusion.Training;

/// <summary>
/// The items that a run leaves out because their loss or gradients were not finite. Checkpoints hold them, so that a resumed run
/// leaves out the same; <c>left-out.json</c> in the run's folder names them for its reader.
/// </summary>
/// <param name="folder">The run's folder; null where another process writes the file.</param>
internal sealed class LeftOutItems(string? folder)
{
    public const string FileName = "left-out.json";

    private readonly SortedDictionary<long, Entry> _items = [];

    /// <summary>Replaces them; null if none is left out.</summary>
    public ItemSelection? Selection => _items.Count == 0 ? null : new ItemSelection(_items.ContainsKey);

    public bool Contains(long item) => _items.ContainsKey(item);

    /// <summary>Leaves out an item from a step on.</summary>
    public void Add(long item, string name, long step) => _items[item] = new Entry(item, name, step);

    /// <summary>All of them as JSON; null for none.</summary>
    public string? ToText() =>
        _items.Count == 0 ? null : JsonSerializer.Serialize(_items.Values.ToArray(), TrainingJson.Default.EntryArray);

    /// <summary>Restores the items of a checkpoint, and writes them to the file.</summary>
    public void Restore(string? text)
    {
        _items.Clear();
        Entry[] entries = text is null ? [] : JsonSerializer.Deserialize(text, TrainingJson.Default.EntryArray)!;
        foreach (Entry entry in entries) _items[entry.Item] = entry;
        Save();
    }

    /// <summary>Writes the file; removes it where nothing is left out.</summary>
    public void Save()
    {
        if (folder is null) return;
        string path = Path.Combine(folder, FileName);
        if (ToText() is { } text) AtomicFile.Write(path, text + "\n");
        else File.Delete(path);
    }

    internal sealed record Entry(long Item, string Name, long Step);
}
