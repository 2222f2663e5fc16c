using LatentDiffusion.Tests.Checkpoints;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>A few steps of training an autoencoder with a Gaussian, one with a codebook, and one with an adversary.</summary>
internal static class GoldenAutoencoders
{
    private static readonly AutoencoderTrainingOptions s_options = new() { BatchSize = 2, ChromaWeight = 0.5, KlWeight = 0.01 };

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
    [
        new("training/autoencoder", hashes =>
        {
            using AutoencoderKL network = Filled(TinyModels.Autoencoder(xl: false).Build());
            GoldenRun.Train(new AutoencoderObjective(network, new GoldenImages(), s_options), models.NewPath("run"), hashes);
        }),
        new("training/autoencoder with an adversary", hashes =>
        {
            using AutoencoderKL network = Filled(TinyModels.Autoencoder(xl: false).Build());
            var config = new PatchDiscriminatorConfig { Channels = 8, Layers = 1, NormNumGroups = 4 };
            using PatchDiscriminator discriminator = Filled(config.Build());
            AutoencoderTrainingOptions options = s_options with { AdversarialWeight = 0.5, CropSize = 8 };
            var objective = new AutoencoderObjective(network, new GoldenImages(), options, discriminator: discriminator);
            GoldenRun.Train(objective, models.NewPath("run"), hashes);
        }),
        new("training/autoencoder with a codebook", hashes =>
        {
            using VQModel network = Filled(TinyModels.Codebook.Build());
            GoldenRun.Train(new VQObjective(network, new GoldenImages(), s_options), models.NewPath("run"), hashes);
        }),
    ];

    private static T Filled<T>(T network) where T : nn.Module
    {
        Tests.Reference.FormulaWeights.Fill(network);
        return network;
    }
}
