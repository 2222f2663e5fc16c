using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class KilledDownloadTests
{
    [Fact]
    public async Task Twenty_downloads_of_which_some_are_killed_end_with_the_right_bytes()
    {
        using var downloads = new KilledDownloads();
        await downloads.RunAsync(20);
        Assert.Equal(7, downloads.Killed);
    }

    [Fact]
    public async Task Two_processes_at_once_download_once()
    {
        using var test = new TestHub();
        Content content = Content.Random(1, 1_500_000);
        test.Server.Add(TestHub.Id, "weights.safetensors", content);
        test.Server.Sending = (_, _, stop) => Task.Delay(10, stop);
        Process[] processes = [.. Enumerable.Range(0, 2).Select(_ => KilledDownloads.Start(test.Server, test.Cache, TestHub.Id))];
        foreach (Process process in processes)
        {
            string error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, error);
            process.Dispose();
        }

        test.CheckNames(content);
        Assert.Equal(content.Bytes, File.ReadAllBytes(test.Blob(content)));
        Assert.Equal(content.Bytes.Length, test.Server.Sent.Sum(part => part.Bytes));
    }
}
