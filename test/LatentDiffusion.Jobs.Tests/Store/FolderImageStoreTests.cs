using System.Text;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

public sealed class FolderImageStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderImageStore _store;

    public FolderImageStoreTests() => _store = new FolderImageStore(_folder["store"]);

    public static TheoryData<string> HostileNames { get; } = new(
        "", "/", ".", "..", "../a", "a/../b", "a//b", "/etc/passwd", "a/", "a\\b", "C:\\a", "a/.hidden", "a\0b", "a\n", "nul", "a/CON.png",
        "a b", "a%2e", "a:b", "ä", "a.", new string('a', 201), "\u2025/a", "~/a", "-a");

    [Theory]
    [MemberData(nameof(HostileNames))]
    public async Task Hostile_names_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>("name", () => _store.WriteAsync(name, new byte[1], Deadline.Token));
        await Assert.ThrowsAsync<ArgumentException>("name", () => _store.OpenReadAsync(name, Deadline.Token));
        await Assert.ThrowsAsync<ArgumentException>("name", () => _store.DeleteAsync(name, Deadline.Token));
        Assert.Equal([_store.Folder], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Files_are_replaced_and_deleted_with_their_job()
    {
        await _store.WriteAsync("job/0.png", Encoding.UTF8.GetBytes("old"), Deadline.Token);
        await _store.WriteAsync("job/0.png", Encoding.UTF8.GetBytes("new"), Deadline.Token);
        await _store.WriteAsync("job/previews/1.png", Encoding.UTF8.GetBytes("preview"), Deadline.Token);
        await _store.WriteAsync("job2/0.png", Encoding.UTF8.GetBytes("other"), Deadline.Token);
        Assert.Equal("new", await ReadAsync("job/0.png"));
        await _store.DeleteAsync("job/previews", Deadline.Token);
        Assert.Null(await ReadAsync("job/previews/1.png"));
        await _store.DeleteAsync("job", Deadline.Token);
        await _store.DeleteAsync("job", Deadline.Token);
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
            await _store.WriteAsync("job/0.png", contents[i % 4], token);
            await using Stream stream = (await _store.OpenReadAsync("job/0.png", token))!;
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, token);
            byte[] read = copy.ToArray();
            Assert.Equal(contents[read[0]], read);
        });
        Assert.Single(Directory.GetFiles(Path.Combine(_store.Folder, "job")));
    }

    [Fact]
    public async Task Old_jobs_are_swept_and_recent_ones_stay()
    {
        await _store.WriteAsync("old/0.png", new byte[1], Deadline.Token);
        await _store.WriteAsync("mixed/0.png", new byte[1], Deadline.Token);
        await _store.WriteAsync("new/0.png", new byte[1], Deadline.Token);
        DateTime yesterday = DateTime.UtcNow.AddDays(-1);
        foreach (string name in new[] { "old/0.png", "mixed/0.png", "old", "mixed" }) SetTime(Path.Combine(_store.Folder, name));
        await _store.WriteAsync("mixed/1.png", new byte[1], Deadline.Token);
        await _store.DeleteOlderAsync(DateTimeOffset.UtcNow.AddHours(-1), Deadline.Token);
        Assert.Equal(["mixed", "new"], Directory.GetDirectories(_store.Folder).Select(Path.GetFileName).Order());

        void SetTime(string path)
        {
            if (File.Exists(path)) File.SetLastWriteTimeUtc(path, yesterday);
            else Directory.SetLastWriteTimeUtc(path, yesterday);
        }
    }

    [Fact]
    public void A_folder_with_other_files_is_refused()
    {
        File.WriteAllText(_folder["holiday.jpg"], "");
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => new FolderImageStore(_folder.Path));
        Assert.Contains(_folder.Path, e.Message, StringComparison.Ordinal);
        Assert.Equal(_store.Folder, new FolderImageStore(_store.Folder).Folder);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string?> ReadAsync(string name)
    {
        if (await _store.OpenReadAsync(name, Deadline.Token) is not { } stream) return null;
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Deadline.Token);
    }
}
