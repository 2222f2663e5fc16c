using System.Diagnostics;

namespace LatentDiffusion.AspNetCore.BrowserTests;

/// <summary>From the start of the program <c>samples/Studio</c> to the first image in the browser.</summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Browser)]
public sealed class ColdStartTests : IDisposable
{
    private const string Greeting = "LatentDiffusion Studio listens at ";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studio-start-");

    [Theory]
    [InlineData(StudioPage.Phone)]
    [InlineData(StudioPage.Desktop)]
    public async Task A_new_program_draws_the_first_image_of_its_page(int width)
    {
        var clock = Stopwatch.StartNew();
        string program = Path.Combine(AppContext.BaseDirectory, "Studio.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--data", _folder.FullName, "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            string? greeting = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.StartsWith(Greeting, greeting);
            double listening = clock.Elapsed.TotalSeconds;
            string url = greeting![Greeting.Length..].Split(" (")[0].TrimEnd('/');
            await using StudioPage studio = await StudioPage.OpenAsync($"{url}/", width);
            double open = clock.Elapsed.TotalSeconds;
            await studio.GenerateAsync("a blue bird");
            await studio.HasImagesAsync(1);
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"The program listens after {listening:F1} s, the page is open after {open:F1} s, and its image is there after "
                + $"{clock.Elapsed.TotalSeconds:F1} s.");
            Assert.Empty(studio.Complaints);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
