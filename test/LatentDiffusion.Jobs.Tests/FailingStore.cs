using System.Collections.Concurrent;

namespace LatentDiffusion.Jobs.Tests;

/// <summary>Files in memory. Deleting fails for some names, and sweeping takes as long as a test wants.</summary>
internal sealed class FailingStore : IImageStore
{
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>The names that were to be deleted, in order.</summary>
    public ConcurrentQueue<string> Deletions { get; } = new();

    /// <summary>Whether deleting a name fails.</summary>
    public Func<string, bool> Fails { get; init; } = _ => false;

    /// <summary>The end of a sweep.</summary>
    public Task Sweep { get; init; } = Task.CompletedTask;

    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        Files[name] = content.ToArray();
        return Task.CompletedTask;
    }

    public Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default) =>
        Task.FromResult<Stream?>(Files.TryGetValue(name, out byte[]? file) ? new MemoryStream(file) : null);

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        Deletions.Enqueue(name);
        if (Fails(name)) throw new IOException("The store is busy.");
        foreach (string file in Files.Keys.Where(f => f == name || f.StartsWith(name + "/", StringComparison.Ordinal)))
            Files.TryRemove(file, out _);
        return Task.CompletedTask;
    }

    public Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default) =>
        Sweep.WaitAsync(cancellationToken);
}
