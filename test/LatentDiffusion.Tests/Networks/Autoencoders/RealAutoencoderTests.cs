using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>
/// A real trained autoencoder on real images: 32 latent channels, and the branch with a normalisation over the whole image.
/// </summary>
public sealed class RealAutoencoderTests
{
    private const double LeastDecibels = 24;
    private const int Count = 8;

    [Theory]
    [InlineData("noto-emoji128")]
    [InlineData("pokemon-captioned")]
    public void Images_come_back(string data)
    {
        string[] images =
        [
            .. Directory.EnumerateFiles(SharedData.Require(data), "*", SearchOption.AllDirectories)
                .Where(file => Path.GetExtension(file) is ".png" or ".jpg").Order(StringComparer.Ordinal),
        ];
        Assert.NotEmpty(images);
        using AutoencoderTiny network = Load();
        using IDisposable inference = inference_mode();
        double[] decibels = [.. Enumerable.Range(0, Count).Select(i => Decibels(network, images[i * (images.Length / Count)]))];
        TestContext.Current.TestOutputHelper?.WriteLine($"{data}: mean {decibels.Average():F2} dB, least {decibels.Min():F2} dB");
        Assert.True(decibels.Average() >= LeastDecibels, $"mean {decibels.Average():F2} dB");
    }

    private static AutoencoderTiny Load() => TinyCheckpoint.Open(
        SharedData.Require("taef2", "taef2_encoder.safetensors"), SharedData.Require("taef2", "taef2_decoder.safetensors"),
        options: new CheckpointOptions { Type = ScalarType.Float32 });

    private static double Decibels(AutoencoderTiny network, string path)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = ImageTensor.FromImage(new SkiaImageCodec().Decode(File.ReadAllBytes(path)));
        Tensor latents = network.Encode(pixels), again = network.Decode(latents).clamp(-1, 1);
        Assert.Equal([1L, 32, pixels.shape[2] / 8, pixels.shape[3] / 8], latents.shape);
        // The pixels' range is 2.
        return 10 * Math.Log10(4 / (again - pixels).square().mean().item<float>());
    }
}
