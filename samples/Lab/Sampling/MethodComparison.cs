using System.Diagnostics;
using System.Globalization;
using LatentDiffusion;

namespace Lab;

/// <summary>The images of a method.</summary>
/// <param name="Method">The method.</param>
/// <param name="Images">An image for each prompt.</param>
/// <param name="Seconds">Seconds an image, the median of the rounds.</param>
internal sealed record MethodResult(SamplingMethod Method, IReadOnlyList<ImageBuffer> Images, double Seconds);

/// <summary>
/// Draws the same prompts with the same seeds by several methods, in rounds: each round has a few images of every method, so that the
/// methods are measured under the same conditions and have equally many images.
/// </summary>
/// <param name="lab">The experiment.</param>
/// <param name="prompts">The prompts, in the order of the rounds.</param>
/// <param name="perRound">Prompts of a round.</param>
internal sealed class MethodComparison(LabContext lab, IReadOnlyList<string> prompts, int perRound)
{
    /// <summary>Draws as many rounds as fit into the time, at least one.</summary>
    public IReadOnlyList<MethodResult> Run(IReadOnlyList<SamplingMethod> methods, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        List<ImageBuffer>[] images = [.. methods.Select(_ => new List<ImageBuffer>())];
        List<double>[] seconds = [.. methods.Select(_ => new List<double>())];
        int rounds = prompts.Count / perRound, done = 0;
        // Loads what the first use loads, outside of the measurement.
        foreach (SamplingMethod method in methods) (method with { Steps = 4 }).Draw(prompts.Take(1).ToArray(), 0, lab.Cancellation);
        while (done < rounds && (done == 0 || clock.Elapsed * (done + 1) / done < time))
        {
            string[] round = [.. prompts.Skip(done * perRound).Take(perRound)];
            ulong seed = unchecked(lab.Settings.Seed + (ulong)(done * perRound));
            for (int i = 0; i < methods.Count; i++)
            {
                var turn = Stopwatch.StartNew();
                images[i].AddRange(methods[i].Draw(round, seed, lab.Cancellation));
                seconds[i].Add(turn.Elapsed.TotalSeconds / round.Length);
                (int method, int number) = (i, done + 1);
                lab.Log.Update(() => string.Create(
                    CultureInfo.InvariantCulture, $"comparing improvements: round {number}, {methods[method].Name}"));
            }

            done++;
        }

        return [.. methods.Select((method, i) => new MethodResult(method, images[i], Median(seconds[i])))];
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
