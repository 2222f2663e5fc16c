using System.Collections.Concurrent;
using LatentDiffusion.Jobs;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A store without files.</summary>
internal sealed class MemoryStore : IImageStore
{
    private readonly ConcurrentDictionary<string, byte[]> _files = new();

    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        _files[name] = content.ToArray();
        return Task.CompletedTask;
    }

    public Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default) =>
        Task.FromResult<Stream?>(_files.TryGetValue(name, out byte[]? file) ? new MemoryStream(file) : null);

    public Task DeleteAsync(string job, CancellationToken cancellationToken = default)
    {
        foreach (string name in _files.Keys)
            if (name.StartsWith($"{job}/", StringComparison.Ordinal)) _files.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task DeleteOlderAsync(DateTimeOffset time, CancellationToken cancellationToken = default) => Task.CompletedTask;
}
