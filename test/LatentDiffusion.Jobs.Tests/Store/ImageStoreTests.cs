using System.Text;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

/// <summary>What holds for every store.</summary>
public abstract class ImageStoreTests
{
    public static TheoryData<string> HostileNames { get; } = new(
        "", "/", ".", "..", "../a", "a/../b", "a//b", "/etc/passwd", "a/", "a\\b", "C:\\a", "a/.hidden", "a\0b", "a\n", "nul", "a/CON.png",
        "a b", "a%2e", "a:b", "ä", "a.", new string('a', 201), "\u2025/a", "~/a", "-a");

    protected abstract IImageStore Store { get; }

    /// <summary>The clock of the store.</summary>
    protected virtual DateTimeOffset Now => DateTimeOffset.UtcNow;

    /// <summary>Waits until times of the store differ.</summary>
    protected virtual Task WaitAsync() => Task.Delay(20, Deadline.Token);

    [Theory]
    [MemberData(nameof(HostileNames))]
    public async Task Hostile_names_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>("name", () => Store.WriteAsync(name, new byte[1], Deadline.Token));
        await Assert.ThrowsAsync<ArgumentException>("name", () => Store.OpenReadAsync(name, Deadline.Token));
        await Assert.ThrowsAsync<ArgumentException>("name", () => Store.DeleteAsync(name, Deadline.Token));
    }

    [Fact]
    public async Task Files_are_replaced_and_deleted_with_their_job()
    {
        await Store.WriteAsync("job/0.png", Encoding.UTF8.GetBytes("old"), Deadline.Token);
        await Store.WriteAsync("job/0.png", Encoding.UTF8.GetBytes("new"), Deadline.Token);
        foreach (int i in Enumerable.Range(0, 4))
            await Store.WriteAsync($"job/previews/{i}.png", Encoding.UTF8.GetBytes("preview"), Deadline.Token);
        await Store.WriteAsync("job/previews2.png", Encoding.UTF8.GetBytes("second"), Deadline.Token);
        await Store.WriteAsync("job2/0.png", Encoding.UTF8.GetBytes("other"), Deadline.Token);
        Assert.Equal("new", await ReadAsync("job/0.png"));
        await Store.DeleteAsync("job/previews", Deadline.Token);
        Assert.Null(await ReadAsync("job/previews/0.png"));
        Assert.Null(await ReadAsync("job/previews/3.png"));
        Assert.Equal("second", await ReadAsync("job/previews2.png"));
        await Store.DeleteAsync("job/previews2.png", Deadline.Token);
        Assert.Null(await ReadAsync("job/previews2.png"));
        await Store.DeleteAsync("job", Deadline.Token);
        await Store.DeleteAsync("job", Deadline.Token);
        Assert.Null(await ReadAsync("job/0.png"));
        Assert.Null(await ReadAsync("job"));
        Assert.Equal("other", await ReadAsync("job2/0.png"));
    }

    [Fact]
    public async Task Concurrent_writers_and_readers_see_whole_files()
    {
        byte[][] contents = [.. Enumerable.Range(0, 4).Select(i => Enumerable.Repeat((byte)i, 100_000 + i).ToArray())];
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), Deadline.Token, async (i, token) =>
        {
            await Store.WriteAsync("job/0.png", contents[i % 4], token);
            await using Stream stream = (await Store.OpenReadAsync("job/0.png", token))!;
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, token);
            byte[] read = copy.ToArray();
            Assert.Equal(contents[read[0]], read);
        });
    }

    [Fact]
    public async Task Old_jobs_are_swept_and_recent_ones_stay()
    {
        await Store.WriteAsync("old/0.png", new byte[1], Deadline.Token);
        await Store.WriteAsync("old/previews/0.png", new byte[1], Deadline.Token);
        await Store.WriteAsync("mixed/0.png", new byte[1], Deadline.Token);
        await WaitAsync();
        DateTimeOffset moment = Now;
        await WaitAsync();
        await Store.WriteAsync("mixed/1.png", new byte[1], Deadline.Token);
        await Store.WriteAsync("new/0.png", new byte[1], Deadline.Token);
        await Store.DeleteOlderAsync(moment, Deadline.Token);
        Assert.Null(await ReadAsync("old/0.png"));
        Assert.Null(await ReadAsync("old/previews/0.png"));
        foreach (string name in new[] { "mixed/0.png", "mixed/1.png", "new/0.png" }) Assert.NotNull(await ReadAsync(name));
    }

    protected async Task<string?> ReadAsync(string name)
    {
        if (await Store.OpenReadAsync(name, Deadline.Token) is not { } stream) return null;
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Deadline.Token);
    }
}
