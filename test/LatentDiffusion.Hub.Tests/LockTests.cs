using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

public sealed class LockTests : IDisposable
{
    private readonly TestHub _test = new();
    private readonly Content _content = Content.Random(1, 1000);

    [Fact]
    [Trait(TestCategories.Name, TestCategories.Program)]
    public async Task A_lock_of_flock_2_excludes_a_download()
    {
        // filelock of Python takes the same lock of the operating system on the same file.
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "The program flock is not installed.");
        _test.Server.Add(TestHub.Id, "a.bin", _content);
        string path = Path.Combine(_test.Cache, ".locks", "models--organisation--model", $"{_content.Tag}.lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var holder = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sh", "-c", "echo held; read line"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        using ModelHub hub = _test.Open();
        Task<string> download = hub.DownloadFileAsync(TestHub.Id, "a.bin");
        await Task.Delay(300);
        Assert.False(download.IsCompleted);
        Assert.Empty(_test.Server.Sent);
        holder.StandardInput.Close();
        await holder.WaitForExitAsync();
        Assert.Equal(_content.Bytes, File.ReadAllBytes(await download));

        // And the reverse: our lock excludes flock(2).
        using HubLock held = await HubLock.AcquireAsync(path, () => { }, CancellationToken.None);
        using var refused = Process.Start("/usr/bin/flock", ["-n", path, "true"]);
        await refused.WaitForExitAsync();
        Assert.Equal(1, refused.ExitCode);
    }

    [Fact]
    public async Task A_lock_waits_for_its_holder_and_survives_removal_of_its_file()
    {
        string path = Path.Combine(_test.Cache, "a.lock");
        HubLock first = await HubLock.AcquireAsync(path, () => { }, CancellationToken.None);
        bool waited = false;
        Task<HubLock> second = HubLock.AcquireAsync(path, () => waited = true, CancellationToken.None);
        await Task.Delay(100);
        Assert.False(second.IsCompleted);
        Assert.True(waited);
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        first.Dispose();
        using HubLock acquired = await second;
        using var cancellation = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubLock.AcquireAsync(path, () => { }, cancellation.Token));
    }

    public void Dispose() => _test.Dispose();
}
