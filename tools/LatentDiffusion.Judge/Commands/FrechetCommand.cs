using System.CommandLine;
using System.Globalization;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>frechet</c>.</summary>
internal static class FrechetCommand
{
    public static Command Make()
    {
        var count = CommonOptions.AtLeast(2, new Option<int>("--count")
        {
            Description = "Images of each set.", DefaultValueFactory = _ => 2000,
        });
        var images = new Option<DirectoryInfo>("--images")
        {
            Description = "Folder of the generated images; existing ones are not generated again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "frechet")),
        };
        var neighbours = CommonOptions.AtLeast(0, new Option<int>("--neighbours")
        {
            Description = "Generated images whose nearest training drawing is searched; 0 for none.", DefaultValueFactory = _ => 500,
        });
        var pool = CommonOptions.AtLeast(1, new Option<int>("--pool")
        {
            Description = "Training drawings to search.", DefaultValueFactory = _ => 24000,
        });
        var seed = new Option<ulong>("--training-seed")
        {
            Description = "Seed of the drawings that the model was trained on, as in its recipe.", DefaultValueFactory = _ => 1,
        };
        var output = new Option<DirectoryInfo>("--out")
        {
            Description = "Folder of the plot and the sheet of nearest neighbours.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "frechet-report")),
        };
        var command = new Command(
            "frechet",
            "Measures the distance of generated images from unseen drawings, and whether they are copies of training drawings.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads,
            CommonOptions.Workers, count, images, neighbours, pool, seed, output,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            using DiffusionPipeline pipeline = model.Builder().Build();
            var folder = new GeneratedImages(parsed.GetValue(images)!.FullName, model.Describe(pipeline));
            ImageRequest[] requests = RealFeatures.Requests(parsed.GetValue(count));
            Bar.Show("generated images", requests.Length, progress =>
                folder.Make(pipeline, requests, parsed.GetValue(CommonOptions.Workers), progress, token));

            var features = new JudgeFeatures(judge);
            using RealFeatures real = RealFeatures.Create(features, requests.Length, model.ImageSize, token);
            using Tensor reconstructed = RealFeatures.ReconstructedBy(
                pipeline.Model!.Autoencoder, features, requests.Length, model.ImageSize, token);
            using Tensor generated = features.ExtractAll(requests.Select(folder.Read), cancellationToken: token);
            Console.Out.Write(DistanceTable.Create(real, reconstructed, generated));
            int queries = Math.Min(parsed.GetValue(neighbours), requests.Length);
            if (queries == 0) return 0;

            NeighbourReport? report = null;
            Bar.Show("training drawings", parsed.GetValue(pool), progress => report = NeighbourCheck.Run(
                [.. requests.Take(queries).Select(r => (r, folder.Read(r)))],
                parsed.GetValue(seed),
                parsed.GetValue(pool),
                progress,
                token));
            NeighbourCheck.Draw(report!, parsed.GetValue(output)!.FullName);
            Console.Out.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"\nNearest of {report!.Pool} training drawings, by {report.Features}: median distance {report.GeneratedMedian:F3} for "
                + $"{report.Pairs.Count} generated images, {report.TestMedian:F3} for as many unseen drawings; "
                + $"{report.NearerThanAnyTest} generated images are nearer than any unseen drawing.\n"));
            return 0;
        }));
        return command;
    }
}
