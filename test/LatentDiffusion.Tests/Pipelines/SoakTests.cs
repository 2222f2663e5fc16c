using LatentDiffusion.Tests.Pipelines.Soak;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A short soak; <c>test/LatentDiffusion.Benchmarks -- soak</c> is the long one, which also judges memory.</summary>
[Collection(LiveTensors.Collection)]
public sealed class SoakTests
{
    private const int Generations = 44, Round = 22, AtOnce = 4;

    [Fact]
    public async Task Mixed_generations_leave_no_tensor_and_match_those_alone()
    {
        using var models = new SoakModels();
        using var plan = new SoakPlan(models, seed: 1);
        SoakJob[] jobs = plan.Draw(Generations);
        SoakVerdict verdict = await new SoakRun(jobs, AtOnce, Round, TextWriter.Null).RunAsync();
        Assert.Empty(verdict.Different);
        Assert.All(verdict.Rounds, r => Assert.Equal(verdict.StartTensors, r.LiveTensors));
        Assert.True(verdict.ImagesAgree);

        // The mix is one: all tasks, all ways, and some that were stopped among many that were not.
        Assert.Equal(plan.Tasks, jobs.Select(j => j.Task).Distinct());
        Assert.Equal(Enum.GetValues<SoakWay>(), jobs.Select(j => j.Way).Distinct().Order());
        Assert.InRange(verdict.Stopped, 2, Generations / 2);
        Assert.Equal(Generations, verdict.Stopped + verdict.Finished);
        Assert.InRange(verdict.Images, verdict.Finished, 3 * verdict.Finished);
    }

    [Fact]
    public void A_tensor_left_memory_grown_or_an_image_changed_fails_it()
    {
        SoakRound first = new(50, 900, 400_000_000, 420_000_000);
        var good = new SoakVerdict(
            900,
            [first, first with { Generations = 100, Resident = 419_000_000, MostResident = 425_000_000 }],
            10,
            90,
            150,
            []);
        Assert.True(good.Passed);
        Assert.False((good with { StartTensors = 899 }).Passed);
        Assert.False((good with { Rounds = [first, first with { LiveTensors = 901 }] }).Passed);
        Assert.False((good with { Rounds = [first, first with { Resident = 421_000_000 }, first] }).Passed);
        Assert.False((good with { Rounds = [first, first with { MostResident = 442_000_000 }] }).Passed);
        Assert.False((good with { Different = ["one"] }).Passed);
        Assert.False((good with { Images = 0 }).Passed);
        SoakVerdict shorter = good with { Rounds = [first] };
        Assert.Null(shorter.MemoryStays);
        Assert.False(shorter.Passed);

        using var text = new StringWriter();
        (good with { Different = ["one"] }).Print(text);
        Assert.Contains(
            "PASSED  Resident memory: +4.75% at most after the first 50 at rest, +1.19% while generations ran; 5 % is allowed.",
            text.ToString(),
            StringComparison.Ordinal);
        Assert.Contains(
            "FAILED  Images: 90 generations gave 150, 10 were stopped; 1 generations differ",
            text.ToString(),
            StringComparison.Ordinal);
        Assert.EndsWith("FAILED  Soak.\n", text.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
