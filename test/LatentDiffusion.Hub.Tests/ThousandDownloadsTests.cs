using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary><see cref="KilledDownloadTests"/> with a thousand downloads.</summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class ThousandDownloadsTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_thousand_downloads_of_which_a_third_is_killed_end_with_the_right_bytes()
    {
        using var downloads = new KilledDownloads();
        await downloads.RunAsync(1000);
        output.WriteLine(downloads.Summary);
        Assert.Equal(334, downloads.Killed);
    }
}
