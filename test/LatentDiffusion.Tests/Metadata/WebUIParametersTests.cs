using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Metadata;

/// <summary>The text of Stable Diffusion web UI.</summary>
public sealed class WebUIParametersTests
{
    // As version 1.9 writes it, with hires fix, a LoRA, an embedding and an extension.
    private const string Text = Prompts
        + "\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, "
        + "Model hash: 6ce0161689, Model: v1-5-pruned, VAE hash: 735e4c3a44, VAE: vae-ft-mse.safetensors, Variation seed: 12, "
        + "Variation seed strength: 0.25, Denoising strength: 0.7, Clip skip: 2, ENSD: 31337, Mask blur: 4, Eta: 0.5, RNG: CPU, "
        + "ControlNet 0: \"Module: canny, Model: control_canny [fef5e48e], Weight: 1\", Hires upscale: 1.5, Hires steps: 10, "
        + "Hires upscaler: Latent, Lora hashes: \"fur v2: a1b2c3d4e5f6\", TI hashes: \"easynegative: c74b4e810b03\", Version: v1.9.3";

    private const string Prompts = """
        (masterpiece:1.2), a cat, <lora:fur v2:0.8>
        Steps: many of them, on a hill
        Negative prompt: bad, easynegative
        second line
        """;

    [Fact]
    public void Every_entry_is_read()
    {
        WebUIParameters parameters = WebUIParameters.Parse(Text);
        Assert.Equal("(masterpiece:1.2), a cat, <lora:fur v2:0.8>\nSteps: many of them, on a hill", parameters.Prompt);
        Assert.Equal("bad, easynegative\nsecond line", parameters.NegativePrompt);
        Assert.Equal(
            (20, "DPM++ 2M", "Karras", 7.0, 965400086UL, 512, 768),
            (parameters.Steps!.Value, parameters.Sampler, parameters.ScheduleType, parameters.CfgScale!.Value, parameters.Seed!.Value,
                parameters.Width!.Value, parameters.Height!.Value));
        Assert.Equal(
            ("6ce0161689", "v1-5-pruned", "735e4c3a44", "vae-ft-mse.safetensors", "v1.9.3"),
            (parameters.ModelHash, parameters.Model, parameters.VaeHash, parameters.Vae, parameters.Version));
        Assert.Equal(
            (12UL, 0.25, 0.7, 2, 31337L, 4.0, 0.5),
            (parameters.VariationSeed!.Value, parameters.VariationSeedStrength!.Value, parameters.DenoisingStrength!.Value,
                parameters.ClipSkip!.Value, parameters.Ensd!.Value, parameters.MaskBlur!.Value, parameters.Eta!.Value));
        Assert.Equal(
            (1.5, 10, "Latent"), (parameters.HiresUpscale!.Value, parameters.HiresSteps!.Value, parameters.HiresUpscaler));
        Assert.Equal("a1b2c3d4e5f6", parameters.LoraHashes["fur v2"]);
        Assert.Equal("c74b4e810b03", parameters.TextualInversionHashes["easynegative"]);
        Assert.Equal(["RNG", "ControlNet 0"], parameters.Other.Keys);
        Assert.Equal("Module: canny, Model: control_canny [fef5e48e], Weight: 1", parameters.Other["ControlNet 0"]);
        WebUIParameters again = WebUIParameters.Parse(parameters.ToString());
        Assert.Equal(parameters.ToString(), again.ToString());
        Assert.Equal(parameters.Other, again.Other);
        // What the web UI itself would write, in another order of the extras.
        Assert.Equal(Text.Split(", ").Order(), parameters.ToString().Split(", ").Order());
    }

    [Theory]
    [InlineData("a cat", "a cat", "")]
    [InlineData("a cat\nNegative prompt: bad", "a cat", "bad")]
    [InlineData("a cat, Steps: 4, Seed: 1", "a cat, Steps: 4, Seed: 1", "")]
    [InlineData("Negative prompt: bad\nSteps: 4, Seed: 1, Sampler: Euler", "", "bad")]
    [InlineData("Steps: 4, Seed: 1, Sampler: Euler", "", "")]
    [InlineData("a\n\n b \nSteps: 4, Seed: 1, Sampler: Euler", "a\n\nb", "")]
    [InlineData("", "", "")]
    public void Prompts_are_the_lines_before_the_settings(string text, string prompt, string negative)
    {
        WebUIParameters parameters = WebUIParameters.Parse(text);
        Assert.Equal((prompt, negative), (parameters.Prompt, parameters.NegativePrompt));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("a, b: c")]
    [InlineData("say \"hi\", twice")]
    [InlineData("\"quoted\"")]
    [InlineData(" spaces ")]
    [InlineData("two\nlines\r\tand \\ more")]
    [InlineData("{\"json\": [1, 2]}")]
    [InlineData("")]
    [InlineData("\u0001漢字 🐈")]
    [InlineData("\"")]
    [InlineData("C:\\models\\")]
    public void Values_round_trip(string value)
    {
        WebUIParameters parameters = new()
        {
            Prompt = "a", Steps = 4, Seed = 1, Model = value,
            Other = new Dictionary<string, string> { ["Some key"] = value, ["Last"] = "1" },
        };
        WebUIParameters again = WebUIParameters.Parse(parameters.ToString());
        Assert.Equal((value, 4, 1UL), (again.Model, again.Steps!.Value, again.Seed!.Value));
        Assert.Equal(parameters.Other, again.Other);
    }

    [Fact]
    public void Json_without_quotation_marks_is_one_value() => Assert.Equal(
        ["{\"vae\": \"1\", \"model\": \"2\"}", "[{\"a\": \"]\"}]"],
        WebUIParameters.Parse(
            "a\nSteps: 4, Seed: 1, Hashes: {\"vae\": \"1\", \"model\": \"2\"}, Civitai resources: [{\"a\": \"]\"}], Size: 8x8")
            .Other.Values);

    [Theory]
    [InlineData("Steps: many, Seed: 1, Size: 8x8", "'Steps' is 'many'")]
    [InlineData("Steps: 4, Seed: -1, Size: 8x8", "'Seed' is '-1'")]
    [InlineData("Steps: 4, Seed: 1, Size: 8", "'Size' is '8'; expected width and height")]
    [InlineData("Steps: 4, Seed: 1, CFG scale: 1e999", "'CFG scale' is '1e999'")]
    public void Numbers_that_cannot_be_read_are_named(string line, string message) => Assert.Contains(
        message, Assert.Throws<InvalidDataException>(() => WebUIParameters.Parse($"a\n{line}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("aaaa")]
    [InlineData("aa:\"x")]
    [InlineData("aa:{[")]
    [InlineData("aa: \\\",")]
    [InlineData("\nNegative prompt:")]
    [InlineData("aa:{,", "}")]
    [InlineData("aa:[,", "]")]
    public void Long_texts_take_time_in_proportion(string piece, string close = "")
    {
        int count = 2_000_000 / (piece.Length + close.Length);
        // Text behind a value that is closed makes it a plain one.
        string text = string.Concat(Enumerable.Repeat(piece, count).Concat(Enumerable.Repeat(close, count)).Append("x"));
        var clock = Stopwatch.StartNew();
        _ = WebUIParameters.Parse(text);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }
}
