using System.Collections.Concurrent;

namespace LatentDiffusion.Files;

/// <summary>
/// Spreads the listing of a large folder over many writes to it. Small folders are listed at every write, and each process
/// lists a large one at its first: then the listing of n entries waits for n / 1000 further writes.
/// </summary>
internal static class ListingPace
{
    /// <summary>Entries that one write pays for.</summary>
    public const int EntriesPerWrite = 1000;

    // Writes that large folders wait for. A folder that is due is not in here.
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

    /// <summary>Notes how large a folder was when it was listed.</summary>
    public static void Listed(string folder, int entries)
    {
        if (entries >= EntriesPerWrite) s_waiting[folder] = entries / EntriesPerWrite;
    }
}
