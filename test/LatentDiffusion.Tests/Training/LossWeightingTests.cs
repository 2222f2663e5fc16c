extern alias library;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Xunit;
using Options = library::LatentDiffusion.Diagnostics.ValidOptions;

namespace LatentDiffusion.Tests.Training;

public sealed class LossWeightingTests
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    public static TheoryData<PredictionType> Predictions => [PredictionType.Epsilon, PredictionType.Velocity, PredictionType.Sample];

    [Theory]
    [MemberData(nameof(Predictions))]
    public void The_variational_weight_gives_the_divergence_of_the_Gaussians(PredictionType prediction)
    {
        double x0 = 0.83, noise = -1.21, wrong = 0.37, product = 1, previous = 1;
        for (int t = 0; t < 1000; t++)
        {
            // From only the betas (DDPM equations 2 to 7), through the conditional of two Gaussians: precision-weighted means.
            double beta = s_schedule.Betas[t];
            (previous, product) = (product, product * (1 - beta));
            double noisy = Math.Sqrt(product) * x0 + Math.Sqrt(1 - product) * noise;
            if (t == 0) continue;
            double precision = (1 - beta) / beta + 1 / (1 - previous), variance = 1 / precision;
            double Mean(double clean) => variance * (Math.Sqrt(1 - beta) / beta * noisy + Math.Sqrt(previous) / (1 - previous) * clean);
            double estimate = (noisy - Math.Sqrt(1 - product) * wrong) / Math.Sqrt(product);
            double divergence = Divergence(Mean(x0), variance, Mean(estimate), variance);

            // The same mistake, as each prediction makes it.
            double Velocity(double epsilon, double clean) => Math.Sqrt(product) * epsilon - Math.Sqrt(1 - product) * clean;
            double error = prediction switch
            {
                PredictionType.Epsilon => noise - wrong,
                PredictionType.Velocity => Velocity(noise, x0) - Velocity(wrong, estimate),
                _ => x0 - estimate,
            };
            double actual = new VariationalWeighting().At(s_schedule, prediction, t) * error * error;
            Assert.Equal(1, actual / divergence, 1e-9);
        }

        static double Divergence(double mean1, double variance1, double mean2, double variance2) =>
            0.5 * (Math.Log(variance2 / variance1) + (variance1 + (mean1 - mean2) * (mean1 - mean2)) / variance2 - 1);
    }

    [Fact]
    public void Min_snr_is_the_papers_for_each_prediction()
    {
        var weighting = new MinSnrWeighting { Gamma = 5 };
        for (int t = 0; t < 1000; t++)
        {
            double snr = s_schedule.AlphasCumprod[t] / (1 - s_schedule.AlphasCumprod[t]), bounded = Math.Min(snr, 5);
            Assert.Equal(bounded / snr, weighting.At(s_schedule, PredictionType.Epsilon, t), 1e-12);
            Assert.Equal(bounded / (snr + 1), weighting.At(s_schedule, PredictionType.Velocity, t), 1e-12);
            Assert.Equal(1, weighting.At(s_schedule, PredictionType.Sample, t) / bounded, 1e-12);
        }
    }

    [Fact]
    public void Debiased_and_P2_weights_are_those_of_the_papers()
    {
        var p2 = new P2Weighting { Gamma = 0.5, K = 2 };
        var debiased = new DebiasedWeighting();
        for (int t = 0; t < 1000; t++)
        {
            double alphaBar = s_schedule.AlphasCumprod[t], snr = alphaBar / (1 - alphaBar);
            Assert.Equal(1 / Math.Sqrt(snr), debiased.At(s_schedule, PredictionType.Epsilon, t), 1e-12);
            Assert.Equal(1 / Math.Sqrt(2 + snr), p2.At(s_schedule, PredictionType.Epsilon, t), 1e-12);

            // An error of 1 in ε is one of √(1−ᾱ)/√ᾱ in x_0 and one of 1/√ᾱ in v: x_t = √ᾱ·x_0 + √(1−ᾱ)·ε, v = √ᾱ·ε − √(1−ᾱ)·x_0.
            double sample = Math.Sqrt((1 - alphaBar) / alphaBar), velocity = Math.Sqrt(alphaBar) + Math.Sqrt(1 - alphaBar) * sample;
            foreach (LossWeighting weighting in new LossWeighting[] { p2, debiased })
            {
                double expected = weighting.At(s_schedule, PredictionType.Epsilon, t);
                Assert.Equal(1, weighting.At(s_schedule, PredictionType.Sample, t) * sample * sample / expected, 1e-9);
                Assert.Equal(1, weighting.At(s_schedule, PredictionType.Velocity, t) * velocity * velocity / expected, 1e-9);
            }
        }
    }

    [Fact]
    public void Weights_without_a_signal_are_finite_where_possible()
    {
        NoiseSchedule schedule = s_schedule.WithZeroTerminalSnr();
        LossWeighting[] all =
        [
            new UniformWeighting(),
            new VariationalWeighting(),
            new MinSnrWeighting(),
            new DebiasedWeighting(),
            new P2Weighting()
        ];
        foreach (LossWeighting weighting in all)
            foreach (PredictionType prediction in new[] { PredictionType.Velocity, PredictionType.Sample })
                for (int t = 0; t < 1000; t++) Assert.InRange(weighting.At(schedule, prediction, t), 0, 1e9);
        Assert.Equal(1, new MinSnrWeighting().At(schedule, PredictionType.Epsilon, 999));
        var process = new DiffusionProcess(schedule, PredictionType.Epsilon);
        var options = new DenoiserTrainingOptions { Weighting = new DebiasedWeighting() };
        var e = Assert.Throws<ArgumentException>(() => new NoisyBatchSampler(process, options));
        Assert.Contains("999", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recipes_name_weightings_and_default_to_the_simple_loss()
    {
        var json = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        };
        var old = JsonSerializer.Deserialize<DenoiserTrainingOptions>(
            """{ "batch_size": 2, "prediction_type": "velocity", "caption_dropout": 0.1 }""",
            json)!;
        Assert.Equal(new DenoiserTrainingOptions { BatchSize = 2, PredictionType = PredictionType.Velocity }, old);
        Assert.Equal(new UniformWeighting(), old.Weighting);

        var rich = JsonSerializer.Deserialize<DenoiserTrainingOptions>(
            """
            { "weighting": { "kind": "min_snr", "gamma": 3 },
                "timesteps": { "kind": "logit_normal", "mean": -0.5 },
                "offset_noise": 0.1
            }
            """,
            json)!;
        Assert.Equal(new MinSnrWeighting { Gamma = 3 }, rich.Weighting);
        Assert.Equal(new LogitNormalTimesteps { Mean = -0.5 }, rich.Timesteps);
        Assert.Equal(rich, JsonSerializer.Deserialize<DenoiserTrainingOptions>(JsonSerializer.Serialize(rich, json), json));

        var training = JsonSerializer.Deserialize<TrainingOptions>(
            """
            { "optimizer": { "decay": "cosine_with_restarts", "component_rates": { "text_encoder": 0.1 } } }
            """,
            json)!;
        Assert.Equal(0.1, training.Optimizer.ComponentRates["text_encoder"]);
    }

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        Assert.Contains(
            "Gamma",
            Assert.Throws<ValidationException>(() => Options.Check(new MinSnrWeighting { Gamma = 0 })).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "StandardDeviation",
            Assert.Throws<ValidationException>(() => Options.Check(new LogitNormalTimesteps { StandardDeviation = 0 })).Message,
            StringComparison.Ordinal);
    }
}
