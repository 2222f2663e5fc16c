using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>How often a model draws what it is asked.</summary>
internal static class Adherence
{
    public static void Print(
        Classifier judge, DiffusionPipeline pipeline, int seeds, int promptSeeds, int every, TextWriter output, CancellationToken cancellationToken)
    {
        output.WriteLine(Tally.Header);
        var all = new Tally();
        foreach (DrawingCombination combination in DrawingCatalog.HeldOut.Where((_, i) => i % every == 0))
            Count(all, combination, combination.Caption(DrawingTemplate.DrawingOf), seeds);
        output.WriteLine(all.Row("all held-out combinations"));

        var six = new Tally();
        foreach (string prompt in DrawingCatalog.Prompts)
        {
            DrawingCombination combination = DrawingCatalog.HeldOut.First(c => Enum.GetValues<DrawingTemplate>().Any(t => c.Caption(t) == prompt));
            var one = new Tally();
            Count(one, combination, prompt, promptSeeds, six);
            output.WriteLine(one.Row(prompt));
        }

        output.WriteLine(six.Row("the six prompts"));

        void Count(Tally tally, DrawingCombination combination, string prompt, int pictures, Tally? also = null)
        {
            GenerationResult result = pipeline.Generate(
                new GenerationRequest { Prompt = prompt, Seed = 0, Count = pictures }, cancellationToken: cancellationToken);
            using Tensor pixels = ImageTensor.FromImages([.. result.Images.Select(i => i.Image)]);
            foreach (Verdict verdict in judge.Judge(pixels))
            {
                tally.Add(combination, verdict);
                also?.Add(combination, verdict);
            }
        }
    }
}
