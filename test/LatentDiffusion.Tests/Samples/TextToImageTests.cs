using System.Diagnostics;
using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class TextToImageTests
{
    [Theory]
    [InlineData("--steps is 0; expected from 1 to 1000", "a star", "--steps", "0")]
    [InlineData("--count is -1; expected from 1 to 1024", "a star", "--count", "-1")]
    [InlineData("--guidance is 101; expected from 0 to 100", "a star", "--guidance", "101")]
    [InlineData("--scheduler 'nope' is not known; expected one of ddpm, ddim", "a star", "--scheduler", "nope")]
    [InlineData("--model 'nowhere' is not a model folder", "a star", "--model", "nowhere")]
    [InlineData("--few-steps is a variant of the shipped model", "a star", "--few-steps", "--model", ".")]
    [InlineData("--seed is 'many'; expected a whole number", "a star", "--seed", "many")]
    [InlineData("--steps is '1.5'; expected a whole number", "a star", "--steps", "1.5")]
    [InlineData("--guidance is '1,5'; expected a number with a point", "a star", "--guidance", "1,5")]
    [InlineData("Unrecognized command or argument '--frobnicate'", "a star", "--frobnicate")]
    [InlineData("Required argument missing")]
    [InlineData("'star.bmp' ends with .bmp; expected .png, .jpg, .jpeg or .webp", "a star", "--out", "star.bmp")]
    [InlineData("The path of the image is empty", "a star", "--out", "")]
    [InlineData("Strength is 0.5; expected none without InitialImage", "a star", "--strength", "0.5")]
    public void Wrong_options_get_one_line_and_exit_code_2(string message, params string[] arguments)
    {
        (int exitCode, string output, string error) = Run(arguments);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_prompt_gives_a_png_and_the_same_seed_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output, string error) = Run("a blue bird", "--seed", "3", "--steps", "3", "--out", folder["alone.png"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains(folder["alone.png"], output, StringComparison.Ordinal);
        Assert.Contains("denoising", output, StringComparison.Ordinal);

        (exitCode, _, error) = Run("a blue bird", "--seed", "2", "--steps", "3", "--count", "2", "--out", folder["two.png"]);
        Assert.True(exitCode == 0, error);
        Assert.Equal(File.ReadAllBytes(folder["alone.png"]), File.ReadAllBytes(folder["two.3.png"]));
        Assert.Equal("a blue bird", PngText.Read(File.ReadAllBytes(folder["two.2.png"]))["prompt"]);
    }

    [Fact]
    public void Files_that_cannot_be_read_or_written_get_one_line_and_exit_code_1()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["damaged.png"], "not an image");
        File.WriteAllText(folder["damaged.safetensors"], "not a model");
        string[][] arguments =
        [
            ["--out", folder["."]], ["--out", Path.Combine(folder["damaged.png"], "star.png")], ["--out", folder["folder/"]],
            ["--image", folder["damaged.png"], "--out", folder["out.png"]],
            ["--model", folder["damaged.safetensors"], "--out", folder["out.png"]],
        ];
        foreach (string[] wrong in arguments)
        {
            (int exitCode, string output, string error) = Run(["a star", .. wrong]);
            Assert.True(exitCode == 1, $"{string.Join(' ', wrong)} ended with {exitCode}: {error}");
            Assert.Empty(output);
            Assert.Single(error.TrimEnd().Split('\n'));
        }

        Assert.Equal(["damaged.png", "damaged.safetensors"], Directory.GetFileSystemEntries(folder["."]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_prompt_that_is_truncated_is_told()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, _, string error) = Run(
            string.Join(' ', Enumerable.Repeat("a blue bird", 40)),
            "--steps", "1",
            "--out", folder["new/folder/out.png"]);
        Assert.True(exitCode == 0, error);
        Assert.StartsWith("Warning: Prompt truncated: ", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(600)]
    [InlineData(1500)]
    public async Task An_interrupt_ends_with_130_and_no_stack_trace(int milliseconds)
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        using Process process = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [BuildSettings.Sample("TextToImage"), "a star", "--steps", "1000", "--out", folder["out.png"]])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        await Task.Delay(milliseconds);
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.DoesNotContain("   at ", await error + await output, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.png"]));
    }

    [Fact]
    public void An_image_is_started_from_and_a_mask_keeps_some_of_it()
    {
        using var folder = new TemporaryFolder();
        var codec = new SkiaImageCodec();
        byte[] mask = [.. Enumerable.Range(0, 32 * 32).SelectMany(i => Enumerable.Repeat((byte)(i % 32 < 16 ? 255 : 0), 3))];
        File.WriteAllBytes(
            folder["image.png"],
            codec.EncodePng(
                new ImageBuffer(32, 32, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i % 96 * 2))])));
        File.WriteAllBytes(folder["mask.png"], codec.EncodePng(new ImageBuffer(32, 32, mask)));
        (int exitCode, _, string error) = Run(
            "a blue bird", "--seed", "3", "--steps", "4",
            "--image", folder["image.png"], "--strength", "0.5",
            "--mask", folder["mask.png"],
            "--out", folder["out.png"]);
        Assert.True(exitCode == 0, error);
        byte[] file = File.ReadAllBytes(folder["out.png"]);
        ImageBuffer image = codec.Decode(file);
        Assert.Equal((32, 32), (image.Width, image.Height));
        Assert.Equal(
            ("0.5", "given", "given"),
            (PngText.Read(file)["strength"], PngText.Read(file)["initial_image"], PngText.Read(file)["mask"]));

        // White strokes on a transparent canvas are the same mask.
        File.WriteAllBytes(folder["mask.png"], Canvas());
        (exitCode, _, error) = Run(
            "a blue bird", "--seed", "3", "--steps", "4",
            "--image", folder["image.png"], "--strength", "0.5",
            "--mask", folder["mask.png"],
            "--out", folder["canvas.png"]);
        Assert.True(exitCode == 0, error);
        Assert.Equal(file, File.ReadAllBytes(folder["canvas.png"]));

        (exitCode, _, error) = Run("a blue bird", "--image", folder["image.png"], "--strength", "0");
        Assert.Equal(
            (2, true),
            (exitCode, error.StartsWith("--strength is 0; expected more than 0 and at most 1", StringComparison.Ordinal)));
    }

    private static byte[] Canvas()
    {
        using var bitmap = new SKBitmap(32, 32, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (int i = 0; i < 32 * 16; i++) bitmap.SetPixel(i % 16, i / 16, SKColors.White);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    [Fact]
    public void A_pipe_receives_the_whole_image()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Pipes have no path in a folder.");
        using var folder = new TemporaryFolder();
        using (Process make = Process.Start("mkfifo", [folder["pipe"]])) make.WaitForExit();
        using Process reader = Process.Start("cp", [folder["pipe"], folder["copy.png"]]);
        (int exitCode, _, string error) = Run("a star", "--seed", "1", "--steps", "1", "--out", folder["pipe"]);
        Assert.True(exitCode == 0, error);
        reader.WaitForExit();
        Assert.Equal("a star", PngText.Read(File.ReadAllBytes(folder["copy.png"]))["prompt"]);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        SampleProgram.Run("TextToImage", arguments);
}
