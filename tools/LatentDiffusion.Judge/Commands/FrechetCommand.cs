using System.CommandLine;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary><c>frechet</c></summary>
internal static class FrechetCommand
{
    public static Command Make()
    {
        var count = CommonOptions.AtLeast(2, new Option<int>("--count") { Description = "Pictures of each set.", DefaultValueFactory = _ => 2000 });
        var pictures = new Option<DirectoryInfo>("--pictures")
        {
            Description = "Folder of the generated pictures; those that are there are not made again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "frechet")),
        };
        var neighbours = CommonOptions.AtLeast(0, new Option<int>("--neighbours") { Description = "Generated pictures whose nearest training drawing is looked for; 0 for none.", DefaultValueFactory = _ => 500 });
        var pool = CommonOptions.AtLeast(1, new Option<int>("--pool") { Description = "Training drawings to look among.", DefaultValueFactory = _ => 24000 });
        var seed = new Option<ulong>("--training-seed") { Description = "Seed of the drawings that the model was trained on, as in its recipe.", DefaultValueFactory = _ => 1 };
        var output = new Option<DirectoryInfo>("--out") { Description = "Folder of the neighbours' plot and sheet.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "frechet-report")) };
        var command = new Command("frechet", "Tells how far generated pictures are from unseen drawings, and whether they are copies of training drawings.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads, CommonOptions.Workers, count, pictures, neighbours, pool, seed, output,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            using DiffusionPipeline pipeline = model.Builder().Build();
            var folder = new PictureFolder(parsed.GetValue(pictures)!.FullName, model.Describe(pipeline));
            PictureOrder[] orders = RealFeatures.Orders(parsed.GetValue(count));
            Bar.Show("generated pictures", orders.Length, progress => folder.Make(pipeline, orders, parsed.GetValue(CommonOptions.Workers), progress, token));

            var features = new JudgeFeatures(judge);
            using RealFeatures real = RealFeatures.Of(features, orders.Length, token);
            using Tensor givenBack = RealFeatures.GivenBackBy(pipeline.Model!.Autoencoder, features, orders.Length, token);
            using Tensor generated = features.ExtractAll(orders.Select(folder.Read), cancellationToken: token);
            Console.Out.Write(DistanceTable.Of(real, givenBack, generated));
            int queries = Math.Min(parsed.GetValue(neighbours), orders.Length);
            if (queries == 0) return 0;

            NeighbourReport? report = null;
            Bar.Show("training drawings", parsed.GetValue(pool), progress => report = NeighbourCheck.Run(
                [.. orders.Take(queries).Select(o => (o, folder.Read(o)))], parsed.GetValue(seed), parsed.GetValue(pool), progress, token));
            NeighbourCheck.Draw(report!, parsed.GetValue(output)!.FullName);
            Console.Out.Write(FormattableString.Invariant(
                $"\nNearest of {report!.Pool} training drawings, by {report.Features}: median distance {report.GeneratedMedian:F3} for {report.Pairs.Count} generated pictures, {report.TestMedian:F3} for as many unseen drawings; {report.NearerThanAnyTest} generated pictures are nearer than any unseen drawing is.\n"));
            return 0;
        }));
        return command;
    }
}
