using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

[Collection(LiveTensors.Collection)]
public sealed class ValidationLossTests : IDisposable
{
    private const double Scale = 0.7, Shift = 0.2;
    private const int ImageCount = 5;

    private static readonly AutoencoderTinyConfig s_autoencoder = new()
    {
        EncoderBlockOutChannels = [4, 4], NumEncoderBlocks = [1, 1], DecoderBlockOutChannels = [4, 4], NumDecoderBlocks = [1, 1],
    };

    private readonly TemporaryFolder _folder = new();
    private readonly ClipTokenizer _tokenizer = new(BpeTrainer.Train(["a blue bird", "a star"], 530), 8);
    private readonly NoiseSchedule _schedule = NoiseSchedule.ScaledLinear().WithZeroTerminalSnr();
    private readonly UNet2DConditionModel _network;
    private readonly ClipTextModel _text;
    private readonly LatentCache _data;
    private readonly ClipTextConditioning _captions;

    public ValidationLossTests()
    {
        _network = new UNet2DConditionConfig
        {
            SampleSize = 8, BlockOutChannels = [8, 16], NormNumGroups = 4, LayersPerBlock = 1, CrossAttentionDim = 8, AttentionHeadDim = 2,
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
        }.Build();
        _text = new ClipTextConfig
        {
            VocabSize = _tokenizer.VocabularySize, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 1, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 8, EosTokenId = _tokenizer.EndId,
        }.Build();
        FormulaWeights.Fill(_network);
        FormulaWeights.Fill(_text);
        using AutoencoderTiny autoencoder = s_autoencoder.Build();
        FormulaWeights.Fill(autoencoder);
        _data = LatentCache.Open(
            _folder["latents.safetensors"],
            "test",
            autoencoder,
            _tokenizer,
            new Stripes(),
            ImageCount,
            new LatentCacheOptions());
        _captions = new ClipTextConditioning(_text, _tokenizer, _data.Ids);
    }

    public void Dispose()
    {
        _captions.Dispose();
        _data.Dispose();
        _network.Dispose();
        _text.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Sample)]
    public void The_loss_of_an_image_is_the_mean_over_its_strata(PredictionType prediction)
    {
        var options = new ValidationOptions { TimestepsPerImage = 3, BatchSize = 4, Seed = 9 };
        double[] losses = Loss(prediction, options).PerImage();
        Assert.Equal(ImageCount, losses.Length);

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        float[] within = rand(ImageCount, 3, generator: new Generator(SeedSequence.ForStep(9, 0))).data<float>().ToArray();
        for (int image = 0; image < ImageCount; image++)
        {
            double expected = 0;
            for (int part = 0; part < 3; part++)
            {
                long timestep = (long)((part + (double)within[image * 3 + part]) * 1000 / 3);
                Assert.InRange(timestep, part * 1000 / 3, (part + 1) * 1000 / 3);
                double alphaBar = _schedule.AlphasCumprod[(int)timestep], signal = Math.Sqrt(alphaBar), spread = Math.Sqrt(1 - alphaBar);
                Tensor sample = (_data.Latents[image].to(ScalarType.Float32).unsqueeze(0) - Shift) * Scale;
                Tensor noise = randn(sample.shape, generator: new Generator(SeedSequence.ForStep(9, image * 3 + part + 1)));
                Tensor hidden = _text.call(_data.Ids[image].unsqueeze(0)).LastHiddenState;
                Tensor output = _network.call(new UNetInput(signal * sample + spread * noise, tensor([timestep]), hidden));
                Tensor target = prediction switch
                {
                    PredictionType.Epsilon => noise,
                    PredictionType.Velocity => signal * noise - spread * sample,
                    _ => sample
                };
                expected += (output - target).square().mean().item<float>() / 3;
            }

            Assert.Equal(expected, losses[image], 1e-5 * Math.Max(1, expected));
        }
    }

    [Fact]
    public void A_flow_is_validated_at_its_own_times()
    {
        var options = new ValidationOptions { TimestepsPerImage = 2, Seed = 9 };
        double[] losses = Loss(DiffusionProcess.Flow(), options).PerImage();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        float[] within = rand(ImageCount, 2, generator: new Generator(SeedSequence.ForStep(9, 0))).data<float>().ToArray();
        for (int image = 0; image < ImageCount; image++)
        {
            double expected = 0;
            for (int part = 0; part < 2; part++)
            {
                // x_t = (1 − t)·x_0 + t·ε, the network reads 1000·t, and its target is ε − x_0.
                double time = ((long)((part + (double)within[image * 2 + part]) * 500) + 1) / 1000.0;
                Tensor sample = (_data.Latents[image].to(ScalarType.Float32).unsqueeze(0) - Shift) * Scale;
                Tensor noise = randn(sample.shape, generator: new Generator(SeedSequence.ForStep(9, image * 2 + part + 1)));
                Tensor hidden = _text.call(_data.Ids[image].unsqueeze(0)).LastHiddenState;
                Tensor output = _network.call(new UNetInput((1 - time) * sample + time * noise, tensor([(float)(1000 * time)]), hidden));
                expected += (output - (noise - sample)).square().mean().item<float>() / 2;
            }

            Assert.Equal(expected, losses[image], 1e-5 * Math.Max(1, expected));
        }
    }

    [NoTensorLeaks, Fact]
    public void Two_validations_agree_and_leave_the_global_generator()
    {
        ValidationLoss loss = Loss(PredictionType.Velocity, new ValidationOptions());
        manual_seed(5);
        using Tensor before = randn(3);
        manual_seed(5);
        LossEstimate first = loss.Measure();
        using Tensor after = randn(3);
        Assert.Equal(before.data<float>().ToArray(), after.data<float>().ToArray());
        Assert.Equal(first, loss.Measure());

        // The mean of the images, and the usual standard error of a mean.
        double[] each = loss.PerImage();
        double mean = each.Sum() / 5, error = Math.Sqrt(each.Sum(l => (l - mean) * (l - mean)) / 4 / 5);
        Assert.Equal(mean, first.Mean, 1e-12);
        Assert.Equal(error, first.StandardError, 1e-12);
        Assert.Equal(5, first.ImageCount);
    }

    [NoTensorLeaks, Fact]
    public void The_batch_size_changes_nothing_but_rounding()
    {
        double[] one = Loss(PredictionType.Epsilon, new ValidationOptions { BatchSize = 1 }).PerImage();
        double[] many = Loss(PredictionType.Epsilon, new ValidationOptions { BatchSize = 64 }).PerImage();
        Assert.All(one.Zip(many), p => Assert.Equal(p.First, p.Second, 1e-5 * Math.Max(1, p.First)));
        Assert.Equal(2, Loss(PredictionType.Epsilon, new ValidationOptions { ImageCount = 2 }).PerImage().Length);
    }

    [Fact]
    public void What_cannot_be_measured_is_refused()
    {
        Assert.Contains("scaled already", Assert.Throws<ArgumentException>(() =>
        {
            using LatentCache scaled = LatentCache.Open(
                _folder["scaled"],
                "test",
                new LatentAutoencoder(s_autoencoder.Build()),
                _tokenizer,
                new Stripes(),
                ImageCount,
                new LatentCacheOptions());
            return new ValidationLoss(
                new UNetDenoiser(_network),
                _captions,
                scaled,
                new LatentScaling(Shift, Scale),
                DiffusionProcess.Flow());
        }).Message, StringComparison.Ordinal);
        Assert.Contains("BatchSize", Assert.Throws<ValidationException>(
            () => Loss(PredictionType.Epsilon, new ValidationOptions { BatchSize = 0 })).Message, StringComparison.Ordinal);
    }

    private ValidationLoss Loss(PredictionType prediction, ValidationOptions options) =>
        Loss(new DiffusionProcess(_schedule, prediction), options);

    private ValidationLoss Loss(DiffusionProcess process, ValidationOptions options) =>
        new(new UNetDenoiser(_network), _captions, _data, new LatentScaling(Shift, Scale), process, options);

    private sealed class Stripes : ICaptionedImageSource
    {
        public long? Count => ImageCount;

        public CaptionedImage Read(long index)
        {
            byte[] rgb = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * (index + 3)))];
            return new CaptionedImage(new ImageBuffer(16, 16, rgb), index % 2 == 0 ? "a blue bird" : "a star", $"stripes {index}");
        }
    }
}
