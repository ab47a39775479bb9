## `sutki suggest …`: learning from corrections and measuring suggestions

cli-suggest-help = Suggested topics: learn from what people corrected, and measure how often suggestions are right.
cli-suggest-train-help = Learn from what people corrected and answered. A new model is put in force only if it is better than the present one on texts held back.
cli-suggest-evaluate-help = Measure suggestions on a CSV file whose topics are known. Shows nobody's texts and changes nothing.
cli-suggest-remove-help = Take the model out of force: the keywords of the region file decide alone again.
cli-suggest-file = A CSV file in UTF-8 with the columns text, topic and, if there is one, territory; topics and territories by id or title.
cli-suggest-model = Measure the installed model (needs the database), or keywords alone.
cli-suggest-region = A region file instead of the one named in SUTKI_REGION.
cli-suggest-no-library = Learning needs the library scikit-learn: pip install "sutki[suggest]". Using a model does not.
cli-suggest-too-few = There is too little to learn from: people checked { $checked } of the { $enough } texts and corrected { $corrected } of the { $enough_corrected } topics that are needed. Keywords decide until then.
cli-suggest-one-side = There is too little to learn from: all texts are by the same few people, and there is nothing to compare with.
cli-suggest-no-topics = There is too little to learn from: at least two topics with { $texts } texts each are needed.
cli-suggest-reading = Reading
cli-suggest-split = Learned from { $learned ->
    [one] { $learned } text
   *[other] { $learned } texts
}, compared on { $held } held back (a fifth of the people; no model ever learns from their texts). Corrected topics: { $corrected }.
cli-suggest-before = Now ({ $kind }): accuracy { $accuracy }, macro-F1 { $macro }.
cli-suggest-after = New model: accuracy { $accuracy }, macro-F1 { $macro }.
cli-suggest-by-model = installed model
cli-suggest-by-keywords = keywords
cli-suggest-not-better = Not installed: it is better in only { $percent } % of random samples of the texts held back, and 90 % are needed. Everything stays as it was.
cli-suggest-installed = Installed ({ $kilobytes } KB): better in { $percent } % of random samples. Running bots take it up within 15 seconds; to go back to keywords: sutki suggest remove.
cli-suggest-removed = The model is out of force: keywords decide alone.
cli-suggest-none = No model is installed.
cli-suggest-unusable = { $why ->
    [foreign] The installed model was made for another region.
    [topics] The topics the installed model knows are no longer in the region.
    [newer] The installed model was made by another version of the program.
   *[unreadable] The installed model is damaged.
} Learn anew: sutki suggest train; take it out: sutki suggest remove.
cli-suggest-result = Texts: { $count }. Accuracy { $accuracy }, macro-F1 { $macro } ({ $kind }).
cli-suggest-territories = Territories in the file: { $count }. Accuracy { $accuracy }; not named or unclear: { $none }.
cli-suggest-head-topic = topic
cli-suggest-head-count = texts
cli-suggest-head-precision = precision
cli-suggest-head-recall = recall
cli-suggest-confusion = What is taken for what (lines: as it is, columns: the suggestion; “—”: none, “…”: another topic):
cli-suggest-confused = { $truth } → { $guess }: { $count }
cli-suggest-unreadable = { $path }: the file cannot be read: { $why }.
cli-suggest-not-utf8 = { $path }:{ $line }: the file must be in UTF-8. From Excel: “Save as” → “CSV UTF-8”.
cli-suggest-no-column = there is no column { $name }. Found: { $found }. Needed are text and topic; territory is possible
cli-suggest-empty = there is no text at all
cli-suggest-no-text = there is no text
cli-suggest-cells = not as many columns as in the heading; a text with commas stands in quotation marks
cli-suggest-not-csv = this is no CSV: { $why }
cli-suggest-unknown-topic = there is no topic “{ $value }”. There are: { $known }
cli-suggest-unknown-territory = there is no territory “{ $value }”
cli-suggest-more = … and { $count ->
    [one] { $count } more mistake
   *[other] { $count } more mistakes
}

## To administrators

alarm-suggestions = The model for suggestions in the database cannot be used; keywords alone decide the topic. What is wrong and how to mend it: sutki suggest evaluate --model, or sutki suggest train.
alarm-suggestions-over = The model for suggestions is in order again (keywords worked alone for { $span }).

## The sorting card

desk-led = { $guess } — { $words }
