using System.CommandLine;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>eyes</c>.</summary>
internal static class EyesCommand
{
    public static Command Make()
    {
        var count = CommonOptions.AtLeast(2, new Option<int>("--count")
        {
            Description = "Prompts to consider; those of faces seen from the front, without glasses, are measured.",
            DefaultValueFactory = _ => 500,
        });
        var images = new Option<DirectoryInfo>("--images")
        {
            Description = "Folder of the generated images; existing ones, such as those of the command 'frechet', are not generated again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "frechet")),
        };
        var command = new Command(
            "eyes",
            "Measures how equal the two eyes of faces are: the mirror difference of the pair, from 0 (equal in shape, size and height) "
            + "to 1, in generated images and in the drawings with the same captions.")
        {
            CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads, CommonOptions.Workers, count,
            images,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            using DiffusionPipeline pipeline = model.Builder().Build();
            var folder = new GeneratedImages(parsed.GetValue(images)!.FullName, model.Describe(pipeline));
            var drawings = new DrawingSet(DrawingSet.Prompting, model.ImageSize);
            (ImageRequest Request, int Index)[] faces =
            [
                .. RealFeatures.Requests(parsed.GetValue(count)).Select((request, i) => (request, i))
                    .Where(f => FrontalFaces.Has(DrawingCombination.FromCaption(f.request.Prompt))),
            ];
            ImageRequest[] requests = [.. faces.Select(f => f.Request)];
            Bar.Show("generated images", requests.Length, progress =>
                folder.Make(pipeline, requests, parsed.GetValue(CommonOptions.Workers), progress, token));
            var table = new EyeTable();
            table.Add("drawings", faces.Select(f => drawings.Read(f.Index)));
            table.Add("generated images", requests.Select(folder.Read));
            Console.Out.Write(table);
            return 0;
        }));
        return command;
    }
}
