using System.Globalization;
using LatentDiffusion.Tests.Checkpoints;

namespace LatentDiffusion.Benchmarks;

/// <summary>Loads and disposes a whole model repeatedly, and checks that memory returns to its level.</summary>
/// <param name="cycles">Number of cycles.</param>
/// <param name="settled">Cycles after which memory has settled.</param>
/// <param name="output">Receives each round and the verdict.</param>
internal sealed class LoadCycles(int cycles, int settled, TextWriter output)
{
    private const double MostGrowth = 0.05;

    /// <summary>Runs all cycles.</summary>
    /// <returns>Whether resident memory stayed within 5 % after it had settled.</returns>
    public bool Run()
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-").FullName;
        try
        {
            using (ModelComponents model = TinyModels.Make("xl")) DiffusersFolder.Write(model, folder);
            List<long> resident = [];
            for (int done = 0; done < cycles;)
            {
                for (int end = Math.Min(done + settled, cycles); done < end; done++)
                    using (DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folder).Build()) _ = pipeline.Model;
                Collect();
                resident.Add(PeakMemory.CurrentBytes);
                output.WriteLine(Text($"{done,6} cycles  {resident[^1] / 1e6,8:F1} MB resident"));
            }

            double growth = resident.Max() / (double)resident[0] - 1;
            bool passed = growth <= MostGrowth;
            string verdict = passed ? "PASSED" : "FAILED";
            output.WriteLine(Text(
                $"{verdict}  {growth:+0.00%;-0.00%} resident memory after the first {settled} cycles; limit {MostGrowth:P0}."));
            return passed;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
