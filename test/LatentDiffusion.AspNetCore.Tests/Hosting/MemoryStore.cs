using System.Collections.Concurrent;
using LatentDiffusion.Jobs;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A store without files.</summary>
internal sealed class MemoryStore(TimeProvider? time = null) : IImageStore
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, (byte[] Content, DateTimeOffset Written)> _files = new();

    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        _files[name] = (content.ToArray(), _time.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default) =>
        Task.FromResult<Stream?>(_files.TryGetValue(name, out var file) ? new MemoryStream(file.Content) : null);

    public Task DeleteAsync(string job, CancellationToken cancellationToken = default)
    {
        foreach (string name in _files.Keys)
            if (name.StartsWith($"{job}/", StringComparison.Ordinal)) _files.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        foreach (var job in _files.GroupBy(file => file.Key.Split('/')[0]).Where(job => job.All(file => file.Value.Written < moment)))
            foreach (var file in job) _files.TryRemove(file.Key, out _);
        return Task.CompletedTask;
    }
}
