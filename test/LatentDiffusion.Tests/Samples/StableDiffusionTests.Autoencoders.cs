using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <content>Autoencoders from other files.</content>
public sealed partial class StableDiffusionTests
{
    [Fact]
    public void Another_autoencoder_and_previews()
    {
        using AutoencoderTiny tiny = AutoencoderFolders.Tiny();
        AutoencoderFolders.WriteHalves(tiny, _folder["tae_encoder.safetensors"], _folder["tae_decoder.safetensors"]);
        using AsymmetricAutoencoderKL asymmetric = AutoencoderFolders.Asymmetric();
        DiffusersFolder.WriteNetwork(asymmetric, _folder["asymmetric"]);
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1"], "--scheduler", "euler",
            "--image", _folder["image.png"], "--mask", _folder["mask.png"], "--autoencoder", _folder["asymmetric"],
            "--preview", _folder["tae_decoder.safetensors"], "--out", _folder["out.png"],
        ]);
        Assert.True(exitCode == 0, error);
        DiffusionPipelineBuilder builder = Folder("sd1").UseScheduler("euler").UseAutoencoder(_folder["asymmetric"]);
        Same(Draw(builder, s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask }).Images[0], "out.png");
        ImageBuffer preview = new SkiaImageCodec().Decode(File.ReadAllBytes(_folder["out.preview.png"]));
        Assert.Equal((TaskImages.Width, TaskImages.Height), (preview.Width, preview.Height));
        Assert.False(File.Exists(_folder["out.preview.png.tmp"]));
    }
}
