using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Files of tiny autoencoders: in two halves, in one file, incomplete and made to do harm.</summary>
public sealed class TinyCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory, InlineData(4, 2), InlineData(16, 4), InlineData(32, 3)]
    public void The_configuration_follows_from_the_halves(int channels, int stages)
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny(channels, stages, pool: channels == 32);
        AutoencoderFolders.WriteHalves(network, _folder["taesd_encoder.safetensors"], _folder["taesd_decoder.safetensors"]);
        foreach (string half in new[] { "taesd_encoder.safetensors", "taesd_decoder.safetensors" })
        {
            using AutoencoderTiny read = TinyCheckpoint.OpenFile(_folder[half]);
            Same(network, read);
            Assert.Equal(network.Config.NumEncoderBlocks, read.Config.NumEncoderBlocks);
            Assert.Equal(network.Config.NumDecoderBlocks, read.Config.NumDecoderBlocks);
            Assert.Equal((channels, channels == 32), (read.Config.LatentChannels, read.Config.UseMidblockGn));
        }

        using nn.Module<Tensor, Tensor> generic = DiffusersFolder.ReadAutoencoder(_folder["taesd_decoder.safetensors"]);
        Same(network, generic);
        using LatentAutoencoder opened = LatentAutoencoder.Open(_folder["taesd_decoder.safetensors"], CPU);
        Assert.Equal((channels, 1 << (stages - 1)), (opened.LatentChannels, opened.DownsamplingFactor));
    }

    [Theory, InlineData("layers."), InlineData("")]
    public void One_file_may_hold_both_halves(string names)
    {
        // As taef2.safetensors, and as the original class is saved whole.
        using AutoencoderTiny network = AutoencoderFolders.Tiny();
        SafetensorsWriter.Write(_folder["tae.safetensors"], network.state_dict().Select(t => (Original(t.Key), t.Value)));
        using AutoencoderTiny read = TinyCheckpoint.OpenFile(_folder["tae.safetensors"]);
        Same(network, read);
        using var preview = TinyAutoencoderPreview.Open(_folder["tae.safetensors"], CPU);
        using IDisposable noGrad = no_grad();
        Tensor latents = randn(1, 4, 4, 6, generator: new Generator(1));
        Assert.True(preview.Decode(latents).Equals(network.Decode(latents)));

        string Original(string name)
        {
            string[] parts = name.Split('.');
            int offset = names.Length == 0 && parts[0] == "decoder" ? 1 : 0;
            return $"{parts[0]}.{names}{int.Parse(parts[2]) + offset}.{string.Join('.', parts[3..])}";
        }
    }

    [Fact]
    public void Other_extensions_of_the_other_half_are_found()
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny();
        AutoencoderFolders.WriteHalves(network, _folder["TAESD_Encoder.safetensors"], _folder["decoder.safetensors"]);
        File.Move(_folder["decoder.safetensors"], _folder["TAESD_decoder.bin"]);
        Assert.Contains(
            "expected 'TAESD_decoder.safetensors' with the decoder next to it",
            Assert.Throws<CheckpointException>(() => TinyCheckpoint.OpenFile(_folder["TAESD_Encoder.safetensors"])).Message,
            StringComparison.Ordinal);
        File.Move(_folder["TAESD_decoder.bin"], _folder["TAESD_decoder.pt"]);
        using AutoencoderTiny read = TinyCheckpoint.OpenFile(_folder["TAESD_Encoder.safetensors"]);
        Same(network, read);
    }

    [Fact]
    public void A_decoder_without_its_encoder_is_refused_but_decodes_previews()
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny();
        AutoencoderFolders.WriteHalves(network, _folder["taesd_encoder.safetensors"], _folder["only_decoder.safetensors"]);
        Assert.Contains(
            "only_decoder.safetensors: it holds only the decoder of a tiny autoencoder; expected 'only_encoder.safetensors' with",
            Assert.Throws<CheckpointException>(() => LatentAutoencoder.Open(_folder["only_decoder.safetensors"], CPU)).Message,
            StringComparison.Ordinal);
        File.Move(_folder["only_decoder.safetensors"], _folder["half.safetensors"]);
        Assert.Contains(
            "its name does not contain 'decoder'",
            Assert.Throws<CheckpointException>(() => LatentAutoencoder.Open(_folder["half.safetensors"], CPU)).Message,
            StringComparison.Ordinal);
        using TinyAutoencoderPreview preview = TinyAutoencoderPreview.Open(_folder["half.safetensors"], CPU);
        using IDisposable noGrad = no_grad();
        Tensor latents = randn(2, 4, 4, 6, generator: new Generator(1));
        Assert.True(preview.Decode(latents).Equals(network.Decode(latents)));
        Assert.Contains(
            "does not hold the decoder of a tiny autoencoder",
            Assert.Throws<CheckpointException>(() => TinyAutoencoderPreview.Open(_folder["taesd_encoder.safetensors"], CPU)).Message,
            StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(
            () => TinyCheckpoint.Open(_folder["half.safetensors"], _folder["taesd_encoder.safetensors"]));
    }

    [Fact]
    public void Patches_of_latents_are_decoded_as_a_whole()
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny(channels: 32, pool: true);
        using var preview = new TinyAutoencoderPreview(network);
        Assert.Equal((true, true, false, 32), (preview.Supports(32), preview.Supports(128), preview.Supports(16), preview.LatentChannels));
        using IDisposable noGrad = no_grad();
        Tensor whole = randn(1, 32, 6, 4, generator: new Generator(1));
        // Channel · 4 + row · 2 + column, as the latents of FLUX.2.
        Tensor patches = whole.reshape(1, 32, 3, 2, 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(1, 128, 3, 2);
        Assert.True(preview.Decode(patches).Equals(network.Decode(whole)));
        Assert.Contains(
            "[batch, 128 or 32, height, width]; these are [1, 4, 2, 2]",
            Assert.Throws<ArgumentException>(() => preview.Decode(zeros(1, 4, 2, 2))).Message, StringComparison.Ordinal);
        using var autoencoder = new LatentAutoencoder(network, patchSize: 2);
        Assert.Equal((128, 4), (autoencoder.LatentChannels, autoencoder.DownsamplingFactor));
        Assert.True(autoencoder.Decode(patches).Equals(network.Decode(whole)));
        Tensor image = rand(1, 3, 12, 8, generator: new Generator(2));
        using LatentDistribution encoded = autoencoder.Encode(image);
        Assert.True(encoded.Mean.Equals(network.Encode(image).reshape(1, 32, 3, 2, 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(1, 128, 3, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LatentAutoencoder(network, patchSize: 0));
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "missing", "decoder.layers.7.bias" },
        { "unexpected", "surprise" },
        { "widths", "does not repeat one number" },
        { "huge-index", "decoder.layers.99998.conv.0.weight" },
        { "empty", "does not hold" },
        { "no-blocks", "does not hold" },
    };

    [Theory, MemberData(nameof(Broken))]
    public void Files_that_do_not_fit_are_refused_by_name(string kind, string expected)
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny();
        AutoencoderFolders.WriteHalves(network, _folder["t_encoder.safetensors"], _folder["t_decoder.safetensors"]);
        List<(string Name, Tensor Value)> tensors;
        using (ITensorSource file = Checkpoint.Open(_folder["t_decoder.safetensors"]))
            tensors = [.. file.Entries.Select(e => (e.Name, file.Read(e.Name)))];
        switch (kind)
        {
            case "missing": tensors.RemoveAll(t => t.Name == "8.bias"); break;
            case "unexpected": tensors.Add(("surprise", zeros(1))); break;
            case "widths": tensors[tensors.FindIndex(t => t.Name == "6.weight")] = ("6.weight", zeros(12, 8, 3, 3)); break;
            case "huge-index": tensors.Add(("99999.conv.0.weight", zeros(8, 8, 3, 3))); break;
            case "empty": tensors = [("x", zeros(1))]; break;
            default: tensors.RemoveAll(t => t.Name.Contains("conv", StringComparison.Ordinal)); break;
        }

        SafetensorsWriter.Write(_folder["t_decoder.safetensors"], tensors);
        string message = Assert.Throws<CheckpointException>(
            () => TinyCheckpoint.Open(_folder["t_encoder.safetensors"], _folder["t_decoder.safetensors"])).Message;
        Assert.Contains("t_decoder.safetensors", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        message = Assert.Throws<CheckpointException>(() => TinyAutoencoderPreview.Open(_folder["t_decoder.safetensors"], CPU)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Published_halves_are_found_by_either()
    {
        string decoder = SharedData.Require("taef2", "taef2_decoder.safetensors"), folder = Path.GetDirectoryName(decoder)!;
        using AutoencoderTiny network = TinyCheckpoint.OpenFile(decoder, new CheckpointOptions { Type = ScalarType.Float32 });
        Assert.Equal((32, true), (network.Config.LatentChannels, network.Config.UseMidblockGn));
        Assert.Equal([1, 3, 3, 3], network.Config.NumEncoderBlocks);
        Assert.Equal([3, 3, 3, 1], network.Config.NumDecoderBlocks);
        using AutoencoderTiny pickled = TinyCheckpoint.OpenFile(
            Path.Combine(folder, "taef2_encoder.pth"), new CheckpointOptions { Type = ScalarType.Float32 });
        Same(network, pickled);
        using TinyAutoencoderPreview preview = TinyAutoencoderPreview.Open(decoder, CPU);
        using IDisposable noGrad = no_grad();
        Tensor latents = randn(1, 128, 2, 3, generator: new Generator(1));
        Tensor whole = latents.reshape(1, 32, 2, 2, 2, 3).permute(0, 1, 4, 2, 5, 3).reshape(1, 32, 4, 6);
        Assert.True(preview.Decode(latents).Equals(network.Decode(whole)));
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
