/**
 * The passwords that are tried first, most of them the ones that every published list of leaks begins with.
 *
 * Composed by hand and by rule, not copied: `chosen` holds the runs over the keyboard, names, teams, phrases and years
 * that recur in such lists; to them are added the most frequent words of passwords with the endings that people put
 * behind a word when a form asks for more (`1`, `123`, `!`, a year), in the order of their frequency, up to 3,000.
 * Everything shorter than eight characters is refused by its length and needs no entry.
 */

const chosen = `
12345678 123456789 1234567890 password 11111111 00000000 88888888 87654321 987654321 0987654321 123123123 12341234
123456780 12345679 123456788 123456787 1234567891 12345678910 123456789a 123456789q 12345678a 12345678q a123456789
a12345678 q123456789 q12345678 abcd1234 abc12345 abc123456 abcd12345 abcdefgh abcdefg1 abcdefghi abcdef123 abcd123456
1234abcd 123abc123 123456abc 12345abc 12345678abc 123456aa 123456ab 123456as 123456qw 123456qwe 123456qwerty a1234567
aa123456 aaa123456 aaa12345 ab123456 as123456 asd12345 asd123456 asdf1234 asdf12345 asdfasdf asdfghjk asdfghjkl
asdfghjkl1 asdfghjkl; asdqwe123 asdasdasd asd123asd asdzxc123 zxcvbnm1 zxcvbnm, zxcvbnm123 zxcvbnmz zxcvasdf zxcasdqwe
zxc123456 zxcv1234 zaq12wsx zaq1zaq1 zaq1xsw2 zaqwsx123 zaq!2wsx 1qaz2wsx 1qaz2wsx3edc 1qaz1qaz 1qazxsw2 1qaz@wsx
!qaz2wsx !qaz@wsx qazwsxedc qazwsx123 qazwsx12 qazxsw21 qazwsxedcrfv qaz123456 qaz12345 q1w2e3r4 q1w2e3r4t5
q1w2e3r4t5y6 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u8i 1q2w3e4r. 1q2w3e4r! qwer1234 qwer12345 qwer4321
qwerasdf qwerqwer qwert123 qwert1234 qwert12345 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyui
qwertyuiop qwertyuiop1 qwertyuiop123 qwertyqwerty qwertyu1 qwertyu123 qwertz123 qwe12345 qwe123456 qwe123qwe
qweqweqwe qweasdzxc qweasd123 qweasdzx qwe123asd azertyuiop azerty123 123qweasd 123qweasdzxc 123qwe123 123qwe456
12qwaszx 12345qwert 1234qwer 12345qwerty 123456789qwerty 123454321 1234554321 1234567887654321 1234567899 12344321
11223344 1122334455 112233445566 111222333 123321123 123321123321 147258369 147852369 1472583690 159357456 159753456
159951159 741852963 789456123 7894561230 963852741 987456321 369258147 321654987 456789123 10203040 102030405060
01020304 0102030405 01234567 0123456789 012345678 00001111 11112222 12121212 1212121212 13131313 21212121 22222222
23232323 33333333 44444444 55555555 66666666 77777777 99999999 111111111 1111111111 222222222 333333333 444444444
555555555 5555555555 666666666 6666666666 777777777 7777777777 888888888 999999999 9999999999 000000000 0000000000
69696969 12345678900 123456123456 123456123 123456654321 654321123 654321654321 135792468 1357924680 13579246 24681012
246813579 98765432 9876543210 987654321a 98765432100 876543210 14789632 147896325 1478963250 741258963 753159456
852456852 951753852 10101010 1010101010 20202020 30303030 12012012 12123434 31415926 314159265 31415927 27182818
19841984 19851985 19861986 19871987 19881988 19891989 19901990 19911991 19921992 19931993 19941994 19951995 19961996
19971997 19981998 19991999 20002000 20012001 20102010 20112011 20122012 20132013 20202020 20202021 01011990 01011980
01011970 01011991 01011985 01012000 01011988 01011989 01011986 01011987 01011984 01012010 12345687 12345670 12345677
password1 password12 password123 password1234 password12345 password123456 password! password1! password123! password2
password3 password0 password01 password00 password10 password11 password13 password21 password22 password69 password99
passw0rd passw0rd1 passw0rd! p@ssword p@ssword1 p@ssword123 p@ssw0rd p@ssw0rd1 p@ssw0rd! p@ssw0rd123 p@$$w0rd p@$$word
pa$$word pa$$w0rd pa55word pa55w0rd passwort passwort1 passwort123 password. password? passwords passwordpassword
mypassword mypassword1 mypass123 newpassword newpassword1 yourpassword thepassword nopassword password1password
passpass passpass1 passport passme123 pass1234 pass12345 pass123456 passcode passphrase pass@123 pass@1234 pass@word1
letmein1 letmein123 letmein12 letmein! letmeinn letmein22 letmeinnow welcome1 welcome12 welcome123 welcome1234 welcome!
welcome1! welcome01 welcome2 welcome@123 welcomehome iloveyou iloveyou1 iloveyou12 iloveyou123 iloveyou2 iloveyou! iloveyou3
iloveyou4 iloveu123 iloveu12 iloveme1 iloveme2 ilovehim ilovehim1 iloveher iloveher1 ilovegod ilovegod1 ilovejesus
ilovemom ilovemymom ilovemyself ilovemyfamily ilovemykids iloveyouall iloveyoubaby iloveyousomuch ilovethisgame
iloveyou69 iloveyou22 ily12345 loveyou1 loveyou2 loveyou123 loveyouu loveme12 loveme123 lovelove lovelove1 lovelife
lovehate lover123 loveyourself lovely123 lovelygirl lovebird lovebug1 loveless loveable lovejesus truelove truelove1
mylove123 mylove12 myloveforever babylove babylove1 firstlove loverboy lovergirl loversonly amorcito amormio1 teamomucho
teamo123 teamo1234 teamoteamo tequiero tequieromucho tequiero1 teamomas princesa princesa1 estrella estrellita mariposa
bonita123 chocolate chocolate1 chocolat cupcake1 cupcakes butterfly butterfly1 butterflies sunshine sunshine1 sunshine12
sunshine123 sunshine! sunflower sunflower1 rainbow1 rainbow123 rainbows princess princess1 princess12 princess123
princess! princess2 princess13 prince12 princes1 starwars starwars1 startrek startrek1 stargate stargate1 stargazer
starlight starstar starfish superstar superstar1 superman superman1 superman12 superman123 supergirl supernova supersonic
supernatural superuser superior spiderman spiderman1 spiderman123 batman123 batman12 batmanbatman ironman1 ironman123
hulkhogan captain1 captainamerica deadpool deadpool1 wolverine wolverine1 gandalf1 legolas1 frodo123 aragorn1 lordoftherings
harrypotter harrypotter1 hermione slytherin gryffindor voldemort hogwarts pokemon1 pokemon12 pokemon123 pikachu1 pikachu123
charizard mewtwo123 digimon1 naruto12 naruto123 naruto1234 narutouzumaki sasuke12 sasuke123 sasukeuchiha itachi123 onepiece
onepiece1 dragonball dragonballz dragonball1 dragonfly dragon12 dragon123 dragon1234 dragons1 dragonfire monkey12 monkey123
monkey1234 monkeyman monkeys1 monkey69 football football1 football12 football123 football2 football! football10 football11
football21 football22 baseball baseball1 baseball12 baseball123 baseball2 basketball basketball1 volleyball volleyball1
softball softball1 softball12 soccer12 soccer123 soccer10 soccer11 soccer13 soccer22 hockey12 hockey123 hockey99 swimming
swimming1 skateboard skateboarding snowboard snowboard1 snowboarding gymnastics gymnast1 wrestling wrestling1 wrestler
cheerleader cheerleading liverpool liverpool1 liverpool123 liverpoolfc chelsea1 chelsea12 chelsea123 chelseafc arsenal1
arsenal12 arsenal123 arsenalfc barcelona barcelona1 fcbarcelona realmadrid realmadrid1 manchester manchester1 manutd123
manunited manchesterunited juventus juventus1 intermilan bayernmunich borussia1 dortmund fenerbahce galatasaray besiktas
celtic1888 rangers1 rangers123 everton1 tottenham newcastle newcastle1 sunderland westham1 lakers24 lakers123 lakersss
cowboys1 cowboys22 steelers steelers1 patriots patriots1 packers1 raiders1 broncos1 redskins dolphins eagles12 yankees1
yankees2 redsox04 chicago1 chicagobulls chicagobears bulldogs bulldog1 bulldog123 redwings blackhawks penguins penguin1
michael1 michael12 michael123 michaeljackson michelle michelle1 michelle12 michelle123 jennifer jennifer1 jessica1 jessica12
jessica123 ashley12 ashley123 amanda12 amanda123 nicole12 nicole123 daniel12 daniel123 danielle danielle1 stephanie
stephanie1 elizabeth elizabeth1 victoria victoria1 veronica samantha samantha1 samantha123 alexandra alexandr alexander
alexander1 alexandre alexander123 alexande alejandra alejandro alejandro1 fernando fernanda francisco franklin frederic
francesca francesco giovanni giuseppe gabriela gabriella gabriel1 isabella isabelle valentina valentin valentino valentine
sebastian sebastian1 sebastien christian christian1 christina christine christin christopher christophe jonathan jonathan1
jonathon nathaniel nicholas nicholas1 nickolas nicolas1 matthew1 matthew12 matthew123 anthony1 anthony12 anthony123
benjamin benjamin1 brandon1 brandon12 brandon123 brittany brittany1 cameron1 carolina caroline catherine katherine katherin
kathleen kathryn1 kimberly kimberly1 kristina kristine lauren123 lawrence leonardo madeline madison1 madison123 margaret
margarita marshall martinez1 maryjane mariajose maximilian maximus1 mitchell mohammed mohamed1 muhammad natalie1 nathalie
patricia patricia1 patrick1 phillip1 priscilla rebecca1 ricardo1 richard1 richard123 roberto1 rodrigo1 rodriguez gonzalez
fernandez hernandez hernandez1 martinez sanchez1 ramirez1 williams johnson1 anderson thompson jackson1 jackson5 robinson
campbell santiago savannah scarlett shannon1 spencer1 tiffany1 vanessa1 vanessa123 victor123 vincent1 virginia wilhelm1
thomas123 thomas12 william1 william123 zachary1 andrew123 andrew12 andrea123 angelica angelina angelina1 anastasia
anastasiya antonio1 antonio123 augustin barbara1 beatrice bernardo brooklyn brooklyn1 charlene charles1 charlie1 charlie12
charlie123 charlie2 charlotte charlotte1 cristina cristian cristian1 cristiano cristianoronaldo cristiano7 ronaldo7
ronaldo9 ronaldo123 ronaldinho messi123 lionelmessi leomessi10 neymar11 neymarjr david123 davidbeckham beckham7 beckham23
dominic1 dominique dominick federico florence georgina geraldine gregory1 guillermo gustavo1 henrique jacqueline jackjack
jasmine1 jasmine123 jeremiah jesuschrist jesuschrist1 jesusislord jesuslovesme jesus123 jesus777 jesussaves jesus4me
godisgood godisgood1 godislove godislove1 godbless godbless1 godblessme blessed1 blessed123 blessings hallelujah
faithful christ123 emmanuel emmanuel1 immanuel trinity1 angel123 angel1234 angel12345 angels12 angelito angeleyes
babygirl babygirl1 babygirl12 babygirl123 babygurl babygurl1 babyboy1 babyboy12 babyboo1 babyblue babyface babyphat
babycakes babydoll mybaby123 beautiful beautiful1 beautifulgirl gorgeous gorgeous1 handsome sweetheart sweetie1
sweetness sweetpea sweetpea1 sweet123 sweetgirl sweet16! honeybee honeybun honey123 cutiepie cutiepie1 cutegirl cutie123
cherry123 strawberry strawberry1 blueberry blackberry blackberry1 raspberry pineapple pineapple1 watermelon cinnamon
cookie12 cookie123 cookies1 cookiemonster peanut12 peanut123 peanutbutter popcorn1 cheesecake cheese12 cheese123 cheeseburger
pepper12 pepper123 peppermint cocacola cocacola1 pepsi123 coffee12 coffee123 computer computer1 computer12 computer123
internet internet1 samsung1 samsung12 samsung123 samsung1234 motorola nokia123 nokia1234 nokia5800 nokian73 iphone123
blackberry8 microsoft microsoft1 windows1 windows7 windows10 macintosh facebook facebook1 facebook123 myspace1 myspace123
twitter1 youtube1 youtube123 google123 google12 google1234 yahoo123 yahoo.com hotmail1 hotmail.com hotmail123 gmail.com
linkedin linkedin1 minecraft minecraft1 minecraft123 fortnite fortnite1 roblox123 playstation playstation1 playstation2
playstation3 nintendo nintendo1 nintendo64 gameover gamecube xbox360! callofduty callofduty4 counterstrike warcraft
warcraft1 warcraft3 worldofwarcraft starcraft starcraft2 diablo12 diablo123 assassin assassins assassin1 halflife halflife2
masterchief halo1234 finalfantasy sephiroth sephiroth1 cloud123 kingdomhearts zelda123 supermario mario123 sonic123
trustno1 trustno1! trustnoone trustme1 whatever whatever1 whatever12 whatever123 whatthefuck whatsup1 fuckyou1 fuckyou2
fuckyou12 fuckyou123 fuckyou! fuckyou69 fuckyou3 fuckyouu fuckme69 fuckoff1 fuckoff123 fuckthis fuckthis1 fuckers1
fuck1234 fuckfuck motherfucker asshole1 asshole123 bullshit bullshit1 bitchass biteme12 biteme123 bigdaddy bigdaddy1
bigboy12 bigboobs bigbooty bigballs bigblack blowjob1 boobies1 booboo12 booboo123 bubbles1 bubbles123 bubbles12 bubbagum
bubblegum bubblegum1 butthead butthole butterfl buttercup buttercup1 butter123 pussycat pussy123 pussy69! sexybitch
sexygirl sexygirl1 sexylady sexy1234 sexymama sexyboy1 sexyback secret12 secret123 secret1234 secrets1 topsecret mysecret
master12 master123 master1234 mastermind masterkey mustang1 mustang12 mustang123 corvette corvette1 camaro69 mercedes
mercedes1 ferrari1 ferrari123 lamborghini porsche1 porsche911 toyota123 chevrolet chevelle chevy123 hondacivic honda123
yamaha123 yamahar6 suzuki123 kawasaki kawasaki1 ducati999 harley123 harleydavidson harley12 motocross motorcycle subaru123
maverick maverick1 midnight midnight1 marlboro marlboro1 marijuana scorpion scorpion1 scorpio1 scorpions aquarius capricorn
sagittarius gemini12 leonidas spartan1 spartan117 spartacus phoenix1 phoenix123 pheonix1 predator predator1 terminator
terminator1 punisher undertaker stonecold johncena johncena1 reymysterio rockstar rockstar1 rocknroll rockandroll rockyou1
rocky123 metallica metallica1 megadeth nirvana1 nirvana123 slipknot slipknot1 slipknot666 linkinpark linkinpark1 greenday
greenday1 blink182 blink-182 ironmaiden ironmaiden1 acdcacdc blacksabbath pinkfloyd ledzeppelin gunsnroses evanescence
myspace2 mychemicalromance paramore paramore1 fallout3 fallout1 falloutboy simpleplan systemofadown rammstein korn1234
tupac123 2pac4ever eminem12 eminem123 eminem11 slimshady 50cent50 gangster gangsta1 gangsta123 thuglife thuglife1
westside westside1 eastside eastside1 southside northside onelove1 onelove123 reggae123 bobmarley bobmarley1 rasta123
420420420 weed4200 smokeweed smokeweed1 smokey12 shadow12 shadow123 shadow13 shadows1 sniper12 soldier1 soldiers police123
security security1 administrator administrator1 admin123 admin1234 admin12345 admin123456 adminadmin admin@123 admin@1234
admin!@# administrador root1234 rootroot root12345 toor1234 test1234 test12345 test123456 testtest testing1 testing123
tester12 test@123 guest123 guest1234 demo1234 user1234 user12345 username username1 default1 changeme changeme1
changeme123 changeit temp1234 temporary access14 access123 login123 login1234 loginlogin manager1 manager123 master01
support1 service1 system123 server123 database oracle123 mysql123 postgres postgres1 secret01 nothing1 nothing123
something something1 anything everything everything1 forever1 forever12 forever123 forever21 foreveryoung foreverlove
friends1 friends12 friends123 friends4ever friendship friendship1 bestfriend bestfriend1 bestfriends family12 family123
familyfirst family01 mommy123 mommy1234 mommyof2 daddy123 daddysgirl mamapapa mommydaddy motherlode mother12 mother123
father123 grandma1 brother1 brothers sister12 sisters3 children children3 hello123 hello1234 hello12345 hellohello
hellokitty hellokitty1 helloworld hello!23 heythere goodbye1 goodluck goodluck1 goodgirl goodlife goodtimes goodmorning
happy123 happy1234 happyday happydays happygirl happiness happiness1 happyfeet birthday birthday1 christmas christmas1
halloween halloween1 october1 october10 november november1 december december1 december12 september september1 february
january1 january01 august12 augustus saturday thursday wednesday tuesday1 summer12 summer123 summer08 summer09 summer10
summer2020 summer2021 summertime winter12 winter123 winter2020 winter2021 spring2020 autumn2020 springtime snowball
snowflake snowman1 snoopy12 snoopydog scooby12 scoobydoo scoobydoo1 spongebob spongebob1 spongebob12 tinkerbell tinkerbell1
tinkerbel mickey12 mickeymouse minnie12 minniemouse disney123 disneyland cinderella rapunzel simpsons simpson1 bartsimpson
homersimpson southpark southpark1 familyguy garfield garfield1 winnie12 winniethepooh poohbear poohbear1 pooh1234 tweety12
tweetybird tigger12 tigger123 tiger123 tigers12 tigerwoods panther1 panthers1 elephant elephant1 dolphin1 dolphin123
giraffe1 hamster1 kittycat kittykat kitty123 kittens1 kitten12 doggy123 doggie12 puppies1 puppy123 puppylove horse123
horses12 ilovehorses hunter12 hunter123 hunting1 fishing1 fishing123 bassfishing fisherman firebird firefire firefly1
firefighter fireman1 fireball bluebird bluebell blueblue bluesky1 blueeyes blue1234 redrose1 redneck1 redhead1 red12345
green123 greenbay greentea purple12 purple123 purple13 pinkpink pink1234 pinkgirl black123 blackcat blackcat1 blackjack
blackie1 blackman blackbird blackdog blackrose blackout white123 whiteboy whitetiger yellow12 yellow123 orange12 orange123
silver12 silver123 golden12 goldfish diamond1 diamond123 diamonds crystal1 crystal123 platinum emerald1 sapphire precious
precious1 treasure einstein isaacnewton leonardo1 newyork1 newyorkcity newyork123 losangeles california california1
hollywood hollywood1 lasvegas houston1 dallas12 dallas214 florida1 michigan washington washington1 chicago123 boston123
brooklyn99 jamaica1 mexico12 mexico123 mexicano america1 america123 american canada12 canada123 england1 london12 london123
scotland ireland1 germany1 deutschland berlin123 hamburg1 france123 paris123 espana123 barcelona10 portugal portugal1
brasil123 brazil123 argentina argentina1 colombia colombia1 venezuela pakistan pakistan1 pakistan123 india123 indian123
bangladesh srilanka indonesia malaysia singapore philippines pilipinas australia australia1 krishna1 krishna123 sairam123
omsairam omnamahshivaya jaimatadi ganesha1 lakshmi1 bismillah bismillah1 bismillah786 allahuakbar alhamdulillah muhammad1
pakistan786 inshallah mashallah sayangku sayang123 cintaku1 cinta123 rahasia1 rahasia123 kucing123 anjing123 bajingan
doudou123 loulou123 motdepasse motdepasse1 jetaime1 jetaime123 bonjour1 bonjour123 chouchou soleil123 nicolas123
contraseña contrasena contrasena1 contraseña1 hola1234 hola12345 holahola qwertyuio1 schatz123 schatzi1 sommer123
sommer2020 hallo123 hallo1234 hallohallo geheim123 geheim12 passwort12 ficken123 fussball fussball1 bayern123 werder123
kennwort wachtwoord welkom01 welkom123 welkom12 feyenoord ajax1234 salasana lösenord sverige1 haslo123 haslo1234 polska123
polska12 kochamcie kasia123 misiek12 zxcvbn123 ytrewq123 gfhjkm123 gfhjkmgfhjkm ghbdtn123 qwerty777 1234567q 1234567a
1q1q1q1q 1a2b3c4d 1a2s3d4f 1z2x3c4v a1b2c3d4 a1b2c3d4e5 a1s2d3f4 aa12345678 aaaa1111 aaaaaaaa aaaaaaaaa aaaaaaaaaa abababab
abc123abc abcabcabc abcdabcd xxxxxxxx zzzzzzzz qqqqqqqq qqqqqqqqq wwwwwwww ssssssss dddddddd ffffffff gggggggg jjjjjjjj
kkkkkkkk llllllll mmmmmmmm nnnnnnnn pppppppp tttttttt xxxxxxxxxx 1111aaaa 1111qqqq 11111111a 11111111q 111111aa 12qw12qw
12qw34er 1qw23er4 qw12qw12 qwaszx12 qwas1234 wsxedc123 edcrfv123 poiuytrewq poiuytre lkjhgfdsa lkjhgfds mnbvcxz1 mnbvcxzlkj
0okm9ijn 9ijn8uhb mko09ijn zse45rdx vfr4bgt5 3edc4rfv 2wsx3edc 2wsx1qaz !@#$%^&* !@#$%^&*() !@#$1234 1234!@#$ 123!@#qwe
qwe!@#123 q1q1q1q1 asdf;lkj asdfjkl; asdfjkl1 jklfdsa; fdsafdsa dfgdfgdfg hjklhjkl jhgfdsaz thisismy1 thisisit letsgo123
openopen opensesame sesame123 openme123 abracadabra alakazam correcthorsebatterystaple
correcthorse ncc1701d ncc1701e ncc-1701 thx1138! rush2112 bond0070 jamesbond jamesbond1 jamesbond007 agent007 007bond007
mike1234 john1234 johnjohn johnny123 johndoe1 john3:16 john316! joseph12 joshua12 joshua123 jordan23 jordan12 jordan123
justin12 justin123 justinbieber justinbieber1 onedirection onedirection1 jonasbrothers jonas123 nickjonas edwardcullen
twilight twilight1 taylorswift taylor12 taylor13 selenagomez hannahmontana hannah12 hannah123 michael23 kobe2424 kobebryant
kobe8242 lebron23 lebronjames jeter0202 airjordan jumpman23 vegeta123 goku1234 songoku1 kakashi1 bleach12 ichigo123 sakura12
sakura123 hinata12 deathnote rukia123 inuyasha inuyasha1 sailormoon evangelion swordfish swordfish1 hardcore hardcore1
hardrock heavymetal deathmetal skywalker lukeskywalker darthvader darthvader1 darthmaul chewbacca chewbacca1 millenium
millennium falcon12 babylon5 battlestar galactica xfiles12 scully12 voyager1 enterprise enterprise1 discovery challenger
discover thunder1 thunder12 thunder123 thunderbird lightning lightning1 hurricane tornado1 tsunami1 earthquake volcano1
mountain mountains mountain1 riverside sunrise1 moonlight moonlight1 moonshine moonbeam universe universal infinity
infinity1 infinite eternity paradise paradise1 heaven12 heavenly hellfire hellboy1 devil666 lucifer1 lucifer666 satan666
666satan demon123 vampire1 vampires werewolf zombie12 zombies1 skeleton freedom1 freedom12 freedom123 freedom! peace123
peacelove liberty1 justice1 victory1 champion champions champion1 winner12 winner123 winner01 success1 success123 money123
money1234 moneymoney moneymaker cashmoney millionaire millions rich1234 business business1 lottery1 jackpot1 casino12
poker123 gambling lucky123 lucky777 luckyone luckydog lucky1234 ladybug1 ladybugs lady1234 boomboom boomer12 bonkers1 banana12
banana123 bananas1 apple123 apple1234 apples12 monkeybutt monkeyboy monkey01 monkey11 asdfqwer qwerfdsa student1 student123
students teacher1 teacher123 school123 highschool college1 harvard1 stanford graduate classof09 classof08 classof2010
science1 biology1 physics1 chemistry mathematics engineer engineer1 engineering doctor123 nursing1 lawyer123 guitar12
guitar123 guitarist guitarman drummer1 drumline musicman music123 musiclover musicislife ilovemusic dancing1 dancer12
dancer123 ballerina trumpet1 saxophone piano123 violin12 scrabble chess123 checkers backpack bathroom bedroom1 kitchen1
flowers1 flower12 flower123 flowerpower gardenia rosebud1 rosebush daisy123 daisy1234 lillian1 jasmin12 orchid12 tulip123
`;

/** The words that passwords are most often built from, the most frequent first. */
const words = `
password qwerty dragon monkey football iloveyou letmein master shadow sunshine princess welcome michael superman baseball
charlie jordan jennifer hunter ashley thomas robert daniel andrew joshua george soccer hockey killer pepper ginger summer
winter spring autumn jessica amanda nicole matthew anthony william jasmine samantha michelle tigger batman computer
internet secret love angel lovely money flower orange purple banana cookie chocolate butterfly starwars pokemon naruto
mustang ferrari porsche yankees cowboys lakers chelsea arsenal liverpool barcelona chicago london america freedom forever
friends family hello whatever trustno qazwsx abc abcdef asdfgh zxcvbn admin user test guest login access system server
manager company office school student teacher buster bailey maggie harley cooper max rocky lucky buddy princesa maria
juan carlos jose luis david james john peter paul mark alex chris steve kevin brian jason justin ryan eric adam
`;

/** What people put behind a word, the most frequent first. */
const endings = ['1', '123', '12', '!', '2', '1234', '01', '12345', '11', '13', '123!', '@123', '1!', '2024', '2023'];

const size = 3000;

function compose(): ReadonlySet<string> {
  const listed = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
  const composed = endings.flatMap((ending) => listed(words).map((word) => word + ending));
  const all = new Set([...listed(chosen), ...composed].filter((entry) => entry.length >= 8));
  return new Set([...all].slice(0, size));
}

/** The 3,000 most common passwords of eight characters and more, in lower case. */
export const commonPasswords: ReadonlySet<string> = compose();
