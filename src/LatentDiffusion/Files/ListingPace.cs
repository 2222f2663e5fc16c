using System.Collections.Concurrent;

namespace LatentDiffusion.Files;

/// <summary>
/// Spreads the cost of listing a large folder over many writes to it. Small folders are listed at every write. Each process
/// lists a large folder at its first write; the next listing of n entries waits for n / 1000 further writes.
/// </summary>
internal static class ListingPace
{
    /// <summary>Number of listed entries that one write pays for.</summary>
    public const int EntriesPerWrite = 1000;

    // Remaining writes until large folders are listed again. Folders that are due are not included.
    private static readonly ConcurrentDictionary<string, int> s_waiting = new(StringComparer.Ordinal);

    /// <summary>Counts a write to a folder.</summary>
    /// <returns>Whether the folder is to be listed now.</returns>
    public static bool IsDue(string folder)
    {
        if (!s_waiting.TryGetValue(folder, out int writes)) return true;
        if (writes > 1) s_waiting.TryUpdate(folder, writes - 1, writes);
        else s_waiting.TryRemove(folder, out _);
        return false;
    }

    /// <summary>Records the size of a folder when it was listed.</summary>
    public static void Listed(string folder, int entries)
    {
        if (entries >= EntriesPerWrite) s_waiting[folder] = entries / EntriesPerWrite;
    }
}
