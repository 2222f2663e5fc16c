using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Autoencoders and ControlNets in separate files with the original names.</summary>
public sealed class SingleNetworkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData("")]
    [InlineData("first_stage_model.")]
    public void An_autoencoder_is_read_from_its_own_file(string prefix)
    {
        using ModelComponents made = TinyModels.Make("sd1");
        var network = (AutoencoderKL)made.Autoencoder;
        SafetensorsWriter.Write(_folder["vae.safetensors"], LdmWriter.Alone(network).Select(t => (prefix + t.Name, t.Value))
            .Concat([(prefix + "loss.logvar", rand(1)), ("model_ema.decay", rand(1))]));
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["vae.safetensors"]);
        Same(network, read);
        Assert.Equal(PublishedLatents.StableDiffusion.ScalingFactor, ((AutoencoderKL)read).Config.ScalingFactor);
        using LatentAutoencoder opened = LatentAutoencoder.Open(_folder["vae.safetensors"], CPU);
        Assert.Equal((4, 2), (opened.LatentChannels, opened.DownsamplingFactor));
    }

    [Theory]
    [InlineData("", null, 0.3611)]
    [InlineData("", "stable-diffusion-v3-medium/vae", 1.5305)]
    [InlineData("first_stage_model.", null, 1.5305)]
    public void Sixteen_channels_are_FLUX1s_or_SD3s(string prefix, string? architecture, double scale)
    {
        using AutoencoderKL network = (TinyModels.Autoencoder(xl: false) with
        {
            LatentChannels = 16, UseQuantConv = false, UsePostQuantConv = false,
        }).Build();
        SafetensorsWriter.Write(
            _folder["ae.safetensors"], LdmWriter.Alone(network).Select(t => (prefix + t.Name, t.Value)),
            architecture is null ? null : new Dictionary<string, string> { ["modelspec.architecture"] = architecture });
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["ae.safetensors"]);
        Same(network, read);
        AutoencoderKLConfig config = ((AutoencoderKL)read).Config;
        Assert.Equal((scale, scale > 1 ? 0.0609 : 0.1159), (config.ScalingFactor, config.ShiftFactor));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void The_autoencoder_of_FLUX2_has_its_statistics(bool counted)
    {
        using AutoencoderKLFlux2 network = new AutoencoderKLFlux2Config
        {
            BlockOutChannels = [32, 64], DecoderBlockOutChannels = [32, 32], LayersPerBlock = 1, LatentChannels = 4,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        Reference.FormulaWeights.Fill(network);
        SafetensorsWriter.Write(
            _folder["ae.safetensors"],
            LdmWriter.Alone(network).Where(t => counted || !t.Name.EndsWith("tracked", StringComparison.Ordinal)));
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["ae.safetensors"]);
        Same(network, read);
        Assert.Throws<InvalidDataException>(() => DiffusersFolder.ReadNetwork<AutoencoderKL>(_folder["ae.safetensors"]));

        DiffusersFolder.WriteNetwork(network, _folder["vae"]);
        using nn.Module<Tensor, Tensor> again = DiffusersFolder.ReadAutoencoder(_folder["vae"]);
        Same(network, again);
        using LatentAutoencoder opened = LatentAutoencoder.Open(_folder["vae"], CPU);
        Assert.Equal((16, 4), (opened.LatentChannels, opened.DownsamplingFactor));
    }

    [Fact]
    public void An_autoencoder_with_todays_names_needs_no_configuration()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        SafetensorsWriter.Write(_folder["vae.safetensors"], made.Autoencoder.state_dict());
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["vae.safetensors"]);
        Same(made.Autoencoder, read);
    }

    [Fact]
    public void An_autoencoder_may_have_diffusers_former_names()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        SafetensorsWriter.Write(_folder["vae.safetensors"], made.Autoencoder.state_dict().Select(t => (
            t.Key.Replace(".to_q.", ".query.").Replace(".to_k.", ".key.").Replace(".to_v.", ".value.")
                .Replace(".to_out.0.", ".proj_attn."),
            t.Value)));
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["vae.safetensors"]);
        Same(made.Autoencoder, read);
    }

    [Fact]
    public void The_autoencoder_of_a_whole_model_is_read_with_its_scale()
    {
        using ModelComponents made = TinyModels.Make("xl");
        LdmWriter.Write(made, _folder["model.safetensors"]);
        using nn.Module<Tensor, Tensor> read = DiffusersFolder.ReadAutoencoder(_folder["model.safetensors"]);
        Same(made.Autoencoder, read);
        Assert.Equal(PublishedLatents.StableDiffusionXL.ScalingFactor, ((AutoencoderKL)read).Config.ScalingFactor);
    }

    [Fact]
    public void The_scale_of_latents_is_that_of_the_header_or_the_callers()
    {
        using ModelComponents made = TinyModels.Make("xl");
        var network = (AutoencoderKL)made.Autoencoder;
        // As networks are that are read from files, and so in the same form.
        network.eval();
        SafetensorsWriter.Write(
            _folder["named.safetensors"],
            LdmWriter.Alone(network),
            new Dictionary<string, string> { ["modelspec.architecture"] = "stable-diffusion-xl-v1-base/vae" });
        SafetensorsWriter.Write(_folder["plain.safetensors"], LdmWriter.Alone(network));
        using var own = new LatentAutoencoder(network);
        using LatentAutoencoder named = LatentAutoencoder.Open(_folder["named.safetensors"], CPU),
            plain = LatentAutoencoder.Open(_folder["plain.safetensors"], CPU),
            scaled = LatentAutoencoder.Open(_folder["plain.safetensors"], CPU,
                scalingFactor: PublishedLatents.StableDiffusionXL.ScalingFactor);
        using IDisposable noGrad = no_grad();
        Tensor images = rand(1, 3, 16, 16), expected = own.Encode(images).Mean;
        Assert.True(named.Encode(images).Mean.allclose(expected));
        Assert.True(scaled.Encode(images).Mean.allclose(expected));
        Assert.False(plain.Encode(images).Mean.allclose(expected));
        Assert.Throws<ArgumentOutOfRangeException>(() => LatentAutoencoder.Open(_folder["plain.safetensors"], CPU, scalingFactor: 0));
    }

    [Theory]
    [InlineData("sd1", "control_model.")]
    [InlineData("sd1", "")]
    [InlineData("xl", "control_model.")]
    public void A_ControlNet_is_read_from_its_own_file(string family, string prefix)
    {
        using ControlNetModel made = TinyControlNets.Make(family, 1);
        SafetensorsWriter.Write(_folder["control.safetensors"], LdmWriter.ControlNet(made).Select(t => (prefix + t.Name, t.Value)));
        using ControlNetModel read = DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["control.safetensors"]);
        Same(made, read);
        Assert.Equal(made.Config.BlockOutChannels, read.Config.BlockOutChannels);
        Assert.Equal(made.Config.ConditioningEmbeddingOutChannels, read.Config.ConditioningEmbeddingOutChannels);
        Assert.Equal(made.Config.TransformerLayersPerBlock, read.Config.TransformerLayersPerBlock);
    }

    [Fact]
    public void A_ControlNet_is_read_from_next_to_its_model()
    {
        using ModelComponents model = TinyModels.Make("sd1");
        using ControlNetModel made = TinyControlNets.Make("sd1", 1);
        (string, Tensor)[] control = [.. LdmWriter.ControlNet(made).Select(t => ("control_model." + t.Name, t.Value))];
        LdmWriter.Write(model, _folder["control.safetensors"], control);
        using ControlNetModel read = DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["control.safetensors"]);
        Same(made, read);
    }

    [Fact]
    public void A_file_of_another_network_is_refused()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        SafetensorsWriter.Write(_folder["vae.safetensors"], LdmWriter.Alone((AutoencoderKL)made.Autoencoder).Append(("surprise", rand(1))));
        Assert.Throws<CheckpointException>(() => DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["vae.safetensors"]));
        var exception = Assert.Throws<CheckpointException>(() => DiffusersFolder.ReadAutoencoder(_folder["vae.safetensors"]));
        Assert.Equal(["surprise"], exception.Unexpected);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static void Same(nn.Module expected, nn.Module actual)
    {
        Dictionary<string, Tensor> theirs = actual.state_dict();
        Assert.Equal(expected.state_dict().Keys.Order(), theirs.Keys.Order());
        Assert.All(expected.state_dict(), t => Assert.True(t.Value.equal(theirs[t.Key]).all().item<bool>(), t.Key));
    }
}
