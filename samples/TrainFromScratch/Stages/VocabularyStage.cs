using LatentDiffusion.Tokenization;

namespace TrainFromScratch;

/// <summary>The vocabulary of the captions, or that of the model to start from.</summary>
internal static class VocabularyStage
{
    public static BpeVocabulary Run(RunContext context)
    {
        string path = context.File("tokenizer");
        context.Write(_ =>
        {
            if (File.Exists(Path.Combine(path, "merges.txt"))) return;
            Directory.CreateDirectory(path);
            BpeVocabulary vocabulary = context.Settings.From is { } from
                ? BpeVocabulary.Open(Path.Combine(from, "tokenizer"))
                : BpeTrainer.Train(context.Material.Captions, context.Recipe.VocabularySize);
            vocabulary.Save(path);
        });

        return BpeVocabulary.Open(path);
    }
}
