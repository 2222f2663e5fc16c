using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>
/// What published pipelines ask of their schedulers can be asked here: every loop of the reference file gets its numbers.
/// </summary>
public sealed class PipelineSchedulerTests
{
    private const string File = "pipelines.json";

    public static TheoryData<string> Cases => [.. ReferenceFiles.Read(File)["cases"]!.AsArray().Select(c => (string)c!["name"]!)];

    [Theory, MemberData(nameof(Cases))]
    public void Timesteps_and_levels_equal_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        SchedulerConfig config =
            SchedulerConfig.Parse(reference["scheduler"]!.ToJsonString()).WithClass(FlowMatchEulerScheduler.ClassName);
        int steps = (int)reference["steps"]!;
        bool givesLevels = (string)reference["pipeline"]! != "StableDiffusion3Pipeline";
        bool shifts = (bool)reference["scheduler"]!["use_dynamic_shifting"]!;
        var options = new SamplingOptions
        {
            Steps = steps,
            // As the pipelines but that of Stable Diffusion 3 do: evenly from 1 to 1/steps.
            Sigmas = givesLevels ? [.. Enumerable.Range(0, steps).Select(i => 1 - i / (double)steps)] : null,
            Mu = shifts ? (double)reference["mu"]! : null,
        };
        SamplingPlan plan = NoiseScheduler.FromConfig(config).Plan(options, new LatentShape(16, 8, 8));
        Near(reference["timesteps"]!, plan.Timesteps, 1e-3);
        Near(reference["sigmas"]!, plan.Sigmas, 1e-6);
    }

    private static void Near(JsonNode expected, IReadOnlyList<double> actual, double tolerance)
    {
        double[] numbers = expected.Deserialize<double[]>()!;
        Assert.Equal(numbers.Length, actual.Count);
        Assert.All(numbers.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }
}
